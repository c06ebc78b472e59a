"""Which GPUs a process may use, asked of the driver: without torch, in milliseconds.

Open it to change which GPUs count, or what a run says of its device in its first lines. The trap:
CUDA numbers the fastest GPU 0, the driver the first on the bus. So GPUs go by their UUIDs.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from typing import Any

import pynvml

from mnbench.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"  # CUDA's own environment variable: what a process may use
_ORDER = "CUDA_DEVICE_ORDER"


@dataclass(frozen=True)
class Gpu:
    """A GPU, or one of the instances (MIG) that a GPU is divided into."""

    uuid: str  # as CUDA_VISIBLE_DEVICES takes it: GPU-... or MIG-...
    name: str


def visible_gpus() -> list[Gpu]:
    """Return the GPUs of this machine that a process may use.

    ``CUDA_VISIBLE_DEVICES`` chooses among them as it does for CUDA: by numbers, by UUIDs or their
    beginnings, up to the first that does not exist. A divided GPU counts as its instances; its
    number stands for the first of them, since CUDA sees no other.

    Raises:
        UserError: GPUs of several models are chosen by numbers, and their order is not said.
    """
    present = _present_gpus()
    wanted = os.environ.get(VISIBLE)
    if wanted is None:
        return [gpu for instances in present for gpu in instances]
    texts = [text.strip() for text in wanted.split(",")]
    if texts[0].startswith(("GPU-", "MIG-")):
        return _by_uuid([gpu for instances in present for gpu in instances], texts)
    firsts = [instances[0] for instances in present if instances]
    chosen = _by_number(firsts, texts)
    models = {gpu.name for gpu in firsts}
    if chosen and len(models) > 1 and os.environ.get(_ORDER) != "PCI_BUS_ID":
        raise UserError(
            f"{VISIBLE}={wanted}: this machine's GPUs differ, and CUDA does not number them as "
            f"the driver does; set {_ORDER}=PCI_BUS_ID as well, or write UUIDs (nvidia-smi -L)"
        )
    return chosen


def _present_gpus() -> list[list[Gpu]]:
    """Return the machine's GPUs in the driver's order, a divided one as its instances.

    The driver counts GPUs that it then refuses: a cluster gave them to others, or they are broken.
    CUDA sees none of these, and does not number them.
    """
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:  # no driver
        return []
    present = []
    for index in range(count):
        with suppress(pynvml.NVMLError):
            present.append(_instances(pynvml.nvmlDeviceGetHandleByIndex(index)))
    return present


def _instances(handle: Any) -> list[Gpu]:
    """Return a GPU, or the instances that it is divided into."""
    name = str(pynvml.nvmlDeviceGetName(handle))
    divided = False
    with suppress(pynvml.NVMLError):  # most models cannot be divided, and say so by an error
        divided = pynvml.nvmlDeviceGetMigMode(handle)[0] == pynvml.NVML_DEVICE_MIG_ENABLE
    if not divided:
        return [Gpu(str(pynvml.nvmlDeviceGetUUID(handle)), name)]
    instances = []
    for index in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        with suppress(pynvml.NVMLError):  # not all places are taken
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
            instances.append(Gpu(str(pynvml.nvmlDeviceGetUUID(instance)), f"a part of {name}"))
    return instances


def _by_uuid(gpus: Sequence[Gpu], texts: Sequence[str]) -> list[Gpu]:
    """Return the GPUs that beginnings of UUIDs choose, up to the first that chooses not one."""
    chosen: list[Gpu] = []
    for text in texts:
        matching = [gpu for gpu in gpus if gpu.uuid.startswith(text)]
        if len(matching) != 1:
            break
        chosen += matching
    return _distinct(chosen)


def _by_number(gpus: Sequence[Gpu], texts: Sequence[str]) -> list[Gpu]:
    """Return the GPUs that numbers choose, up to the first that does not exist."""
    chosen: list[Gpu] = []
    for text in texts:
        if not text.isdecimal() or int(text) >= len(gpus):
            break
        chosen.append(gpus[int(text)])
    return _distinct(chosen)


def _distinct(gpus: list[Gpu]) -> list[Gpu]:
    """Return the GPUs, or none if one is there twice: so does CUDA."""
    return gpus if len(set(gpus)) == len(gpus) else []


def torch_cuda() -> str | None:
    """Return the version of CUDA that the installed torch was built for: read, not imported."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return None
    version = Path(found.origin).with_name("version.py")
    cuda = run_path(str(version)).get("cuda") if version.is_file() else None
    return None if cuda is None else str(cuda)


def driver_cuda() -> str | None:
    """Return the newest version of CUDA that the driver serves; None if there is no driver."""
    try:
        pynvml.nvmlInit()
        version = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())  # 12040 is 12.4
    except pynvml.NVMLError:
        return None
    return f"{version // 1000}.{version % 1000 // 10}"


def driver_is_too_old() -> bool:
    """Return whether torch can use no GPU, since the driver serves older versions of CUDA alone.

    A driver serves every version of CUDA with its own first number, and all before.
    """
    wanted, served = torch_cuda(), driver_cuda()
    if wanted is None or served is None:
        return False
    return int(served.split(".")[0]) < int(wanted.split(".")[0])


def usable_gpus(wanted: str) -> list[Gpu]:
    """Return the GPUs that trainings will use.

    Args:
        wanted: a study's ``device``: "auto", "cpu" or "cuda".

    Raises:
        UserError: see :func:`visible_gpus`.
    """
    if wanted == "cpu" or torch_cuda() is None or driver_is_too_old():
        return []
    return visible_gpus()


def device_line(wanted: str, gpus: Sequence[Gpu], *, gpu_profile: bool, gpu_jobs: int = 1) -> str:
    """Return what to say of the device before anything is trained.

    Args:
        wanted: a study's ``device``: "auto", "cpu" or "cuda".
        gpus: the :func:`usable_gpus`.
        gpu_profile: whether the run was started for GPUs, which is said if there is none.
        gpu_jobs: how many trainings share a GPU.

    Raises:
        UserError: "cuda" is wanted and there is no GPU.
    """
    if gpus:
        sharing = f", {gpu_jobs} on each" if gpu_jobs > 1 else ""
        return f"Trainings run on GPUs{sharing}: {', '.join(gpu.name for gpu in gpus)}."
    if wanted != "cpu" and driver_is_too_old():
        problem = (
            f"the driver of this machine's GPUs serves CUDA {driver_cuda()}, and torch was built "
            f"for {torch_cuda()}"
        )
        if wanted == "cuda":
            raise UserError(f"key 'device': {problem}; install a newer driver, or allow cpu")
        return f"Warning: {problem}: trainings run on the CPU."
    if wanted == "cuda":
        raise UserError(
            "key 'device': cuda is wanted but this machine shows no GPU; allowed: auto, cpu"
        )
    if gpu_profile and wanted != "cpu":
        return "Warning: the run asks for GPUs, but there is none: trainings run on the CPU."
    return "Trainings run on the CPU."
