"""The device that a training runs on: choosing it, setting it up, and measuring time on it.

Open it to see what a second in a record means. The trap: a GPU works while Python runs ahead, so
time is read only after synchronising.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pynvml
import torch

from mnbench.errors import UserError
from mnbench.locks import holder, private_folder, release, try_lock

SECONDS_BEFORE_TELLING = 60.0  # that all GPUs are held


@contextmanager
def acquire(wanted: str) -> Iterator[torch.device]:
    """Hold a device for the length of a job.

    On a CPU a job is one thread: two one-thread jobs do more than one two-thread job
    (``benchmarks/``), and the bits do not depend on the number of cores. On a GPU a job holds one
    of the visible devices for itself, by a lock file.

    Args:
        wanted: "auto" (a GPU if torch sees one), "cpu" or "cuda".

    Raises:
        UserError: "cuda" is wanted and torch sees no GPU.
    """
    gpus = 0 if wanted == "cpu" else torch.cuda.device_count()
    if wanted == "cuda" and not gpus:
        raise UserError("key 'device': cuda is wanted but torch sees no GPU; allowed: auto, cpu")
    # float32 means float32: on a GPU torch would otherwise round convolutions to TF32, which is
    # coarser than what a hatched network may differ by from its MotherNet.
    torch.backends.fp32_precision = "ieee"  # type: ignore[attr-defined]  # torch hides it
    torch.set_num_threads(1)
    if not gpus:
        torch.use_deterministic_algorithms(True)
        # It only costs time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.set_flush_denormal(True)  # weights decaying to nothing must not slow the CPU down
        try:
            yield torch.device("cpu")
        finally:
            torch.set_flush_denormal(False)  # it would change what floats are for the whole process
        return
    with _free_gpu(gpus) as device:
        torch.cuda.set_device(device)
        yield device


@contextmanager
def _free_gpu(gpus: int) -> Iterator[torch.device]:
    """Hold one of the visible GPUs by its lock file, waiting for a free one if need be.

    The file is named by the GPU's own id, which is the same however a cluster or the user numbers
    the GPUs that this process sees.
    """
    folder = private_folder("mnbench-gpus")
    locks = [folder / str(torch.cuda.get_device_properties(i).uuid) for i in range(gpus)]
    began, told = time.monotonic(), False
    while True:
        for index, lock in enumerate(locks):
            if (descriptor := try_lock(lock)) is not None:
                try:
                    yield torch.device("cuda", index)
                finally:
                    release(lock, descriptor)
                return
        if not told and time.monotonic() - began > SECONDS_BEFORE_TELLING:
            holders = ", ".join(map(holder, locks))
            print(f"mnbench: waiting for a GPU; held by process {holders}", file=sys.stderr)
            told = True
        time.sleep(0.5)


@dataclass(frozen=True)
class Reading:
    """The time between two calls of a stopwatch."""

    device_seconds: float  # wall time
    cpu_seconds: float  # of this process
    device_share: float  # the fraction of the device that this job had, as far as can be seen

    def __add__(self, later: "Reading") -> "Reading":
        """Return the reading of two spans of work: seconds add, the share is their mean."""
        if not self.device_seconds:
            return later
        seconds = self.device_seconds + later.device_seconds
        held = self.device_seconds * self.device_share + later.device_seconds * later.device_share
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
        it is one part for each process that the driver counts there.
        """
        self._synchronise()
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        if self.device.type == "cuda":
            share = 1 / max(1, _processes(self.device))
        else:
            share = min(1.0, cpu / (wall * torch.get_num_threads()))
        return Reading(wall, cpu, share)

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _processes(device: torch.device) -> int:
    """Return the number of processes that compute on a GPU, as far as its driver tells."""
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        return len(pynvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except pynvml.NVMLError:  # a virtual GPU, a container without the driver's library
        return 0


def peak_memory(device: torch.device) -> int:
    """Return the peak memory in bytes: on a GPU torch's, on a CPU the process's resident memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def environment(device: torch.device) -> dict[str, str | int]:
    """Return the device, versions and platform that a record was made with, by name."""
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
