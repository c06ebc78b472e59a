"""Which GPUs a process would see, asked of the driver: without torch, in milliseconds.

Open it to change what a run says of its device in its first lines. The trap: torch may still see
none, if it was built for CPUs; then the job itself says so.
"""

import os

import pynvml

from mnbench.errors import UserError


def visible_gpus() -> list[str]:
    """Return the names of the GPUs of this machine that a process may use."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is not None and wanted.strip() in ("", "-1", "NoDevFiles"):
        return []
    try:
        pynvml.nvmlInit()
        handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
        names = [str(pynvml.nvmlDeviceGetName(handle)) for handle in handles]
    except pynvml.NVMLError:  # no driver
        return []
    return names if wanted is None else names[: len(wanted.split(","))]


def usable_gpus(wanted: str, limit: int | None) -> int | None:
    """Return how many GPUs a run trains on at a time; None is none.

    Args:
        wanted: a study's ``device``.
        limit: of ``--resources gpu=N``, or None without one.
    """
    there = 0 if wanted == "cpu" else len(visible_gpus())
    return (there if limit is None else min(there, limit)) or None


def device_line(wanted: str, *, gpu_profile: bool) -> str:
    """Return what to say of the device before anything is trained.

    Args:
        wanted: a study's ``device``: "auto", "cpu" or "cuda".
        gpu_profile: whether the run was started for GPUs, which is said if there is none.

    Raises:
        UserError: "cuda" is wanted and there is no GPU.
    """
    gpus = [] if wanted == "cpu" else visible_gpus()
    if gpus:
        return f"Trainings run on GPUs: {', '.join(gpus)}."
    if wanted == "cuda":
        raise UserError(
            "key 'device': cuda is wanted but this machine shows no GPU; allowed: auto, cpu"
        )
    if gpu_profile:
        return "Warning: the run asks for GPUs, but there is none: trainings run on the CPU."
    return "Trainings run on the CPU."
