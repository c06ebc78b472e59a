"""The device that a training runs on: which one, how it is set up, and what it measured."""

import fcntl
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from mnbench.errors import UserError


@contextmanager
def acquire(wanted: str) -> Iterator[torch.device]:
    """Hold a device for the length of a job.

    On a CPU a job is one thread: two one-thread jobs do half as much again as one two-thread job,
    and the bits do not depend on how many cores there are. On a GPU a job holds one of the
    machine's GPUs by a lock file, exported as ``CUDA_VISIBLE_DEVICES``, unless a cluster chose one
    already.

    Args:
        wanted: "auto" (a GPU where there is one), "cpu" or "cuda".

    Raises:
        UserError: "cuda" is wanted and there is none.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # weights decaying to nothing must not slow the CPU down
        try:
            yield torch.device("cpu")
        finally:
            torch.set_flush_denormal(False)  # it would change what floats are for the whole process
        return
    if not torch.cuda.is_available():
        raise UserError("key 'device': cuda is wanted but torch sees no GPU; allowed: auto, cpu")
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        yield torch.device("cuda", 0)
        return
    with _gpu_slot(torch.cuda.device_count()) as slot:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(slot)
        # torch may have counted the devices already, so the index is given as well.
        device = torch.device("cuda", slot)
        torch.cuda.set_device(device)
        try:
            yield device
        finally:
            del os.environ["CUDA_VISIBLE_DEVICES"]  # so that the process's next job asks again


@contextmanager
def _gpu_slot(gpus: int) -> Iterator[int]:
    """Hold the lock file of a free GPU, waiting for one if need be."""
    folder = Path(tempfile.gettempdir()) / f"mnbench-gpus-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    while True:
        for gpu in range(gpus):
            with (folder / str(gpu)).open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield gpu
                return
        time.sleep(0.5)


class Stopwatch:
    """Device-seconds and CPU-seconds of what lies between two calls."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.start()

    def start(self) -> None:
        """Begin to measure, once the device has done what it was given before."""
        self._synchronise()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return (device-seconds, CPU-seconds) since :meth:`start`."""
        self._synchronise()
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def peak_memory(device: torch.device) -> int:
    """Return the most bytes ever held: on the GPU by torch, on a CPU resident by the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def environment(device: torch.device) -> dict[str, str | int]:
    """Describe what a record was made with."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        name = torch.backends.cpu.get_cpu_capability()
    return {
        "device": device.type,
        "device_name": name,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "platform": sys.platform,
    }
