"""Slots: each lets one training use a GPU. A job holds one for its life, and the kernel frees it.

Networks of this size do not fill a GPU, and ``gpu_jobs`` trainings may share one. A slot is a name
that one process of the machine can have: that of a socket without a file. A file would lie in a
temporary folder, which clusters give each job anew, and could belong to another user.

Open this module to change which GPU a job gets. The trap: containers with networks of their own do
not see each other's slots.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mnbench.errors import UserError
from mnbench.training.gpus import Gpu

GPU_JOBS = "MNBENCH_GPU_JOBS"  # the environment variable: how many trainings share a GPU
LARGEST_GPU_JOBS = 48  # processes that NVIDIA's MPS serves on one GPU
SECONDS_BETWEEN_ROUNDS = 0.5
SECONDS_BEFORE_TELLING = 60.0  # that all slots are taken


def gpu_jobs() -> int:
    """Return how many trainings share a GPU: 1 unless the environment says more.

    Raises:
        UserError: it says no such number.
    """
    return checked_gpu_jobs(os.environ.get(GPU_JOBS) or "1", GPU_JOBS)


def checked_gpu_jobs(given: object, key: str) -> int:
    """Return a number of trainings that share a GPU.

    Args:
        given: the number, or its text.
        key: where it comes from, for the error.

    Raises:
        UserError: it is no such number.
    """
    text = str(given)
    if text.isdecimal() and 1 <= int(text) <= LARGEST_GPU_JOBS:
        return int(text)
    raise UserError(
        f"{key}={text}: must be a whole number from 1 to {LARGEST_GPU_JOBS}, how many trainings "
        "share a GPU"
    )


@contextmanager
def held_slot(gpus: Sequence[Gpu]) -> Iterator[Gpu]:
    """Hold a slot of the GPU that fewest hold, waiting for a free one if need be.

    Args:
        gpus: to choose from, at least one.

    Raises:
        UserError: the environment's number of trainings on a GPU is none.
    """
    slots = gpu_jobs()
    began, told = time.monotonic(), False
    while (taken := _take(gpus, slots)) is None:
        if not told and time.monotonic() - began > SECONDS_BEFORE_TELLING:
            print(
                "mnbench: waiting for a GPU: all slots are taken "
                f"(GPUs: {len(gpus)}, on each: {slots})",
                file=sys.stderr,
            )
            told = True
        time.sleep(SECONDS_BETWEEN_ROUNDS)
    gpu, slot = taken
    with slot:
        yield gpu


def _take(gpus: Sequence[Gpu], slots: int) -> tuple[Gpu, socket.socket] | None:
    """Take a slot of the GPU that fewest hold, or return None when all are taken."""
    while True:
        free = {gpu: [n for n in range(slots) if not _is_held(gpu, n)] for gpu in gpus}
        gpu = max(gpus, key=lambda one: len(free[one]))
        if not free[gpu]:
            return None
        # Whoever takes one at the same moment wants the same; the loser looks again.
        if (slot := _bound(gpu, free[gpu][0])) is not None:
            return gpu, slot


def _name(gpu: Gpu, slot: int) -> str:
    return f"\0mnbench-gpu/{gpu.uuid}/{slot}"  # the zero byte: a name and no file


def _bound(gpu: Gpu, slot: int) -> socket.socket | None:
    """Return a socket that holds a slot as long as it is open, or None if another one does."""
    holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        holder.bind(_name(gpu, slot))
    except OSError as error:
        holder.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return holder


def _is_held(gpu: Gpu, slot: int) -> bool:
    """Return whether a process holds a slot, without touching it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as visitor:
        return visitor.connect_ex(_name(gpu, slot)) == 0
