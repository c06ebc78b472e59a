"""Kinds of work: which part of a training step an operator of torch belongs to.

Open it when an operator is counted where it does not belong, or a new one as "other operations".
The trap: an operator's name alone does not tell forward from backward; what it was called by does.
"""

from collections.abc import Sequence

BETWEEN = "between operations: Python, or waiting"
CONVOLUTION, LINEAR = "convolution", "fully connected"
OPTIMISER, OTHER = "optimiser", "other operations"
BACKWARD = "autograd::engine::evaluate_function"  # what torch calls each backward step
# Parts of an operator's name, and the kind of those that have it: the first that fits counts.
_NAMES = {
    "conv": CONVOLUTION,
    "batch_norm": "batch norm",
    "addmm": LINEAR,
    "linear": LINEAR,
    "aten::mm": LINEAR,
    "relu": "activation",
    "clamp_min": "activation",
    "threshold": "activation",
    "pool": "pooling",
    "softmax": "loss",
    "nll_loss": "loss",
}
# Outside of the backward pass: of drawing, augmenting and normalising a batch.
_BATCH = ("aten::index", "randperm", "pad", "copy_", "mul_", "where", "flip", "pixel_unshuffle")
TWO_WAYS = (CONVOLUTION, "batch norm")  # shown forward and backward apart


def kind_of(name: str, callers: Sequence[str] = ()) -> str:
    """Return the kind of work that an operator does.

    Args:
        name: torch's, "aten::native_batch_norm" for instance.
        callers: the names of what it was called by, in any order.

    >>> kind_of("aten::mkldnn_convolution")
    'convolution, forward'
    >>> kind_of("aten::convolution_backward", [BACKWARD + ": ConvolutionBackward0"])
    'convolution, backward'
    """
    names = (name, *callers)
    if any(one.startswith("Optimizer.") for one in names):
        return OPTIMISER
    backward = any(one.startswith(BACKWARD) for one in names)
    for part, kind in _NAMES.items():
        if part in name:
            direction = ", backward" if backward else ", forward"
            return kind + (direction if kind in TWO_WAYS else "")
    if not backward and any(part in name for part in _BATCH):
        return "batches: drawn, augmented, normalised"
    return OTHER
