"""A machine's GPUs, pretended: in this process, or for every Python that a test starts."""

from pathlib import Path
from uuid import uuid4

import pytest

from mnbench.training import gpus
from mnbench.training.gpus import Gpu

# What mnbench.training.gpus asks of the driver, as a module in the place of the driver's own.
_DRIVER = """
NVML_DEVICE_MIG_ENABLE = 1
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlDeviceGetCount(): return {count}
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetName(index): return "Pretended"
def nvmlDeviceGetUUID(index): return f"GPU-{name}-{{index}}"
def nvmlDeviceGetMigMode(index): return [0, 0]
def nvmlSystemGetCudaDriverVersion_v2(): return {serves}000
"""


def pretend(monkeypatch: pytest.MonkeyPatch, *machine: list[Gpu]) -> None:
    """Pretend that the driver lists a machine's GPUs, each a list of its parts or of itself."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # so that it is put back, whatever a test sets
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(gpus, "_present_gpus", lambda: list(machine))


def new_gpus(number: int) -> list[Gpu]:
    """Return GPUs whose slots nobody else knows."""
    return [Gpu(f"GPU-{uuid4()}", "pretended") for _ in range(number)]


def write_driver(folder: Path, count: int, serves: int) -> None:
    """Write a module that stands for the driver, for processes that look in *folder* first.

    Args:
        folder: is made.
        count: of GPUs.
        serves: the first number of the newest CUDA that the driver serves.
    """
    folder.mkdir()
    text = _DRIVER.format(count=count, name=uuid4(), serves=serves)
    (folder / "pynvml.py").write_text(text)
