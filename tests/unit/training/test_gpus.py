"""What a run says of its device before anything is trained."""

import pytest

from mnbench.errors import UserError
from mnbench.training import gpus


@pytest.fixture
def machine(monkeypatch):
    """Pretend that the driver counts two GPUs."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpus.pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(gpus.pynvml, "nvmlDeviceGetCount", lambda: 2)
    monkeypatch.setattr(gpus.pynvml, "nvmlDeviceGetHandleByIndex", lambda index: index)
    monkeypatch.setattr(gpus.pynvml, "nvmlDeviceGetName", lambda index: f"GPU {index}")


def test_gpus_are_named(machine):
    assert gpus.device_line("auto", gpu_profile=False) == "Trainings run on GPUs: GPU 0, GPU 1."
    assert gpus.device_line("cpu", gpu_profile=False) == "Trainings run on the CPU."


@pytest.mark.parametrize(("visible", "number"), [("", 0), ("-1", 0), ("1", 1), ("0,1", 2)])
def test_gpus_that_the_user_hides_are_not_there(machine, monkeypatch, visible, number):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert len(gpus.visible_gpus()) == number


def test_without_a_gpu_a_run_for_gpus_warns_and_cuda_is_refused(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.device_line("auto", gpu_profile=False) == "Trainings run on the CPU."
    assert gpus.device_line("auto", gpu_profile=True).startswith("Warning: the run asks for GPUs")
    with pytest.raises(UserError, match="key 'device': cuda is wanted but this machine shows no"):
        gpus.device_line("cuda", gpu_profile=False)
