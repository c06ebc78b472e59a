"""The device that a training runs on: choosing it, setting it up, and measuring time on it.

Open it to see what a second in a record means. The trap: a GPU works while Python runs ahead, so
time is read only after synchronising.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pynvml
import torch

from mnbench.errors import UserError
from mnbench.training.arithmetic import arithmetic_of
from mnbench.training.gpus import VISIBLE, Gpu, usable_gpus
from mnbench.training.slots import gpu_jobs, held_slot


@contextmanager
def acquire(wanted: str) -> Iterator[torch.device]:
    """Hold a device for the length of a job.

    On a CPU a job is one thread: two one-thread jobs do more than one two-thread job
    (``benchmarks/``), and the bits do not depend on the number of cores. On a GPU a job holds a
    slot (:mod:`mnbench.training.slots`), and this process sees no other GPU from then on.

    Args:
        wanted: "auto" (a GPU if torch can use one), "cpu" or "cuda".

    Raises:
        UserError: "cuda" is wanted and torch can use no GPU.
    """
    # Hatching is checked in full float32, wherever it runs: GPUs would else round convolutions.
    torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]  # torch hides it
    torch.set_num_threads(1)
    if gpus := _gpus(wanted):
        with held_slot(gpus) as gpu:
            if (device := _started(gpu)) is not None:
                yield device
                return
    if wanted == "cuda":
        raise UserError("key 'device': cuda is wanted but torch sees no GPU; allowed: auto, cpu")
    if gpus:
        print("mnbench: torch cannot use this machine's GPU: the CPU trains", file=sys.stderr)
    with _cpu() as device:
        yield device


@contextmanager
def _cpu() -> Iterator[torch.device]:
    """Set torch up for the same bits on every run."""
    torch.use_deterministic_algorithms(True)
    # It only costs time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_flush_denormal(True)  # weights decaying to nothing must not slow the CPU down
    try:
        yield torch.device("cpu")
    finally:
        torch.set_flush_denormal(False)  # it would change what floats are for the whole process


def _gpus(wanted: str) -> list[Gpu]:
    """Return the GPUs that a job may take: the driver's list, or without it torch's own."""
    if wanted == "cpu":
        return []
    return usable_gpus(wanted) or [
        Gpu(f"GPU-{properties.uuid}", properties.name) for properties in _seen_by_torch()
    ]


def _seen_by_torch() -> list[Any]:
    """Return torch's description of each GPU that it can use."""
    if not torch.cuda.is_available():  # the driver counts GPUs that torch cannot start
        return []
    return [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]


def _started(gpu: Gpu) -> torch.device | None:
    """Start CUDA on a GPU, and let this process see no other; None if torch cannot use it."""
    if not torch.cuda.is_initialized():  # read when CUDA starts, and never again
        os.environ[VISIBLE] = gpu.uuid
    if not torch.cuda.is_available():
        return None
    seen = [str(properties.uuid) for properties in _seen_by_torch()]
    # Of a part of a GPU torch may know another UUID; but then it is the only one that it sees.
    index = next((index for index, uuid in enumerate(seen) if uuid in gpu.uuid), 0)
    device = torch.device("cuda", index)
    torch.cuda.set_device(device)
    return device


@dataclass(frozen=True)
class Reading:
    """The time between two calls of a stopwatch."""

    device_seconds: float  # wall time
    cpu_seconds: float  # of this process
    device_share: float  # the fraction of the device that this job had, as far as can be seen

    def __add__(self, later: "Reading") -> "Reading":
        """Return the reading of two spans of work: seconds add, the share is their mean.

        A share of 0 stays 0: such seconds are no timing (:mod:`mnbench.training.checkpoint`).
        """
        if not self.device_seconds:
            return later
        seconds = self.device_seconds + later.device_seconds
        held = self.device_seconds * self.device_share + later.device_seconds * later.device_share
        held *= self.device_share > 0
        return Reading(seconds, self.cpu_seconds + later.cpu_seconds, held / seconds)


NO_TIME = Reading(0.0, 0.0, 1.0)


class Stopwatch:
    """A clock of the device-seconds and CPU-seconds between two calls."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.start()

    def start(self) -> None:
        """Begin to measure, once the device has done what it was given before."""
        self._synchronise()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Reading:
        """Return the time since :meth:`start`, and this job's share of the device.

        On a CPU the share is the time that this process computed, as a fraction of its threads'
        wall time; what others take of caches and of a core's second thread stays unseen. On a GPU
        it is one part for each process that the driver counts there, and at most one for each
        slot: others may have come and gone unseen.
        """
        wall, cpu = self._elapsed()
        if self.device.type == "cuda":
            share = 1 / max(gpu_jobs(), _processes(self.device))
        else:
            share = min(1.0, cpu / (wall * torch.get_num_threads()))
        return Reading(wall, cpu, share)

    def seconds(self) -> float:
        """Return the time since :meth:`start` that counts: CPU time, or on a GPU wall time."""
        wall, cpu = self._elapsed()
        return wall if self.device.type == "cuda" else cpu

    def _elapsed(self) -> tuple[float, float]:
        """Return the wall time and this process's CPU time since :meth:`start`."""
        self._synchronise()
        return time.perf_counter() - self._wall, time.process_time() - self._cpu

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _processes(device: torch.device) -> int:
    """Return the number of processes that compute on a GPU, as far as its driver tells."""
    uuid = torch.cuda.get_device_properties(device).uuid
    for prefix in ("GPU", "MIG"):
        try:
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByUUID(f"{prefix}-{uuid}")
            return len(pynvml.nvmlDeviceGetComputeRunningProcesses(handle))
        except pynvml.NVMLError:  # a virtual GPU, a container without the driver's library
            continue
    return 0


def peak_memory(device: torch.device) -> int:
    """Return the peak memory in bytes: on a GPU torch's, on a CPU the process's resident memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def model_of(device: torch.device) -> str:
    """Return a GPU's name, or the vector instructions of a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return torch.backends.cpu.get_cpu_capability()


def environment(device: torch.device, precision: str) -> dict[str, str | int]:
    """Return the device, versions and platform that a record was made with, by name.

    Args:
        device: where the network was trained.
        precision: the recipe's.
    """
    return {
        "device": device.type,
        "device_name": model_of(device),
        "arithmetic": arithmetic_of(precision, device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "platform": sys.platform,
    }
