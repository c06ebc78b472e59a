"""The peak: the most floating-point operations a second that this machine reaches.

Open it to see what "share of the peak" is a share of. The trap: it is the peak of a large matrix
product as torch computes it, in one thread, as a training has. No data sheet is read.
"""

import torch

from mnbench.training.device import Stopwatch

SIDES = {"cpu": (512, 1024), "cuda": (4096, 8192)}  # of square matrices
REPETITIONS = 25


def product_peak(device: torch.device, precision: torch.dtype) -> float:
    """Return the FLOPs a second of the fastest of some matrix products; an add is one FLOP.

    On a CPU seconds are those of the process, so that others may compute as well.

    Args:
        device: where, with the threads that torch has.
        precision: of the matrices.
    """
    return max(_rate(side, device, precision) for side in SIDES[device.type])


def _rate(side: int, device: torch.device, precision: torch.dtype) -> float:
    """Return the FLOPs a second of the fastest of some products of matrices of one size."""
    left, right = torch.ones(2, side, side, device=device, dtype=precision).unbind()
    torch.mm(left, right)
    return 2 * side**3 / min(_seconds(left, right) for _ in range(REPETITIONS))


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    """Return the seconds of one product, once the device has nothing else to do."""
    watch = Stopwatch(left.device)
    torch.mm(left, right)
    return watch.seconds()
