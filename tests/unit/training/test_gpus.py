"""Which GPUs a process may use, and what a run says of its device before anything is trained."""

from types import SimpleNamespace

import pytest
import torch
from support.pretended_gpus import pretend

from mnbench.errors import UserError
from mnbench.training import gpus
from mnbench.training.gpus import Gpu

A, B = Gpu("GPU-aaaa-1", "H100"), Gpu("GPU-abbb-2", "H100")
PARTS = [Gpu(f"MIG-{letter}", "a part of A100") for letter in "xy"]


def uuids(monkeypatch, machine, visible):
    """Return the UUIDs that a process sees on a machine, by CUDA_VISIBLE_DEVICES."""
    pretend(monkeypatch, *machine)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    return [gpu.uuid for gpu in gpus.visible_gpus()]


@pytest.mark.parametrize(
    ("visible", "chosen"),
    [
        (None, [A, B]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("1", [B]),
        ("1,0", [B, A]),
        ("0, 1", [A, B]),
        ("0,2,1", [A]),  # ends at the first that does not exist
        ("0,-1,1", [A]),
        ("0,0", []),  # so does CUDA
        ("GPU-abbb-2", [B]),
        ("GPU-ab", [B]),  # a beginning
        ("GPU-ab,GPU-aa", [B, A]),
        ("GPU-a", []),  # of both
        ("GPU-aa,GPU-nowhere,GPU-ab", [A]),
    ],
)
def test_the_user_chooses_gpus_as_for_cuda(monkeypatch, visible, chosen):
    assert uuids(monkeypatch, [[A], [B]], visible) == [gpu.uuid for gpu in chosen]


@pytest.mark.parametrize(
    ("visible", "chosen"),
    [(None, ["MIG-x", "MIG-y", A.uuid]), ("MIG-y", ["MIG-y"]), ("0", ["MIG-x"]), ("1", [A.uuid])],
)
def test_a_divided_gpu_counts_as_its_parts(monkeypatch, visible, chosen):
    same = [Gpu(A.uuid, PARTS[0].name)]  # one model, so that numbers have a meaning
    assert uuids(monkeypatch, [PARTS, same], visible) == chosen


def test_numbers_of_different_gpus_mean_something_only_in_a_known_order(monkeypatch):
    machine = [[Gpu("GPU-slow", "T400")], [A]]
    assert len(uuids(monkeypatch, machine, None)) == 2
    assert uuids(monkeypatch, machine, "") == []
    assert uuids(monkeypatch, machine, A.uuid) == [A.uuid]
    with pytest.raises(UserError, match=r"=1: this machine's GPUs differ.*PCI_BUS_ID"):
        uuids(monkeypatch, machine, "1")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert uuids(monkeypatch, machine, "1") == [A.uuid]


def drive(monkeypatch, **functions):
    """Put functions in the place of the driver's: two undivided GPUs unless others are given."""
    driver = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: "A100",
        "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}",
        "nvmlDeviceGetMigMode": lambda handle: [0, 0],
    }
    for name, function in (driver | functions).items():
        monkeypatch.setattr(gpus.pynvml, name, function)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize("asked", ["HandleByIndex", "Name", "UUID"])
@pytest.mark.parametrize(("refused", "left"), [(0, "GPU-1"), (1, "GPU-0")])
def test_a_gpu_that_the_driver_refuses_hides_no_other(monkeypatch, asked, refused, left):
    def refuse(gpu):
        if gpu == refused:
            raise gpus.pynvml.NVMLError(gpus.pynvml.NVML_ERROR_NO_PERMISSION)
        return gpu if asked == "HandleByIndex" else f"GPU-{gpu}"

    drive(monkeypatch, **{f"nvmlDeviceGet{asked}": refuse})
    assert [gpu.uuid for gpu in gpus.visible_gpus()] == [left]


@pytest.mark.parametrize("fails", ["nvmlInit", "nvmlDeviceGetCount"])
def test_without_a_driver_there_is_no_gpu(monkeypatch, fails):
    def fail():
        raise gpus.pynvml.NVMLError(gpus.pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    drive(monkeypatch, **{fails: fail})
    assert gpus.visible_gpus() == []


def test_the_driver_is_asked_for_parts_too(monkeypatch):
    """The second GPU is divided in two; there would be room for a third part."""

    def part(handle, index):
        if index == 2:
            raise gpus.pynvml.NVMLError(gpus.pynvml.NVML_ERROR_NOT_FOUND)
        return f"MIG-{index}"

    def divided(handle):
        if handle == 0:
            raise gpus.pynvml.NVMLError(gpus.pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [gpus.pynvml.NVML_DEVICE_MIG_ENABLE, 0]

    drive(
        monkeypatch,
        nvmlDeviceGetUUID=lambda handle: f"GPU-{handle}" if handle == 0 else handle,
        nvmlDeviceGetMigMode=divided,
        nvmlDeviceGetMaxMigDeviceCount=lambda handle: 3,
        nvmlDeviceGetMigDeviceHandleByIndex=part,
    )
    assert [gpu.uuid for gpu in gpus.visible_gpus()] == ["GPU-0", "MIG-0", "MIG-1"]


def test_gpus_are_named():
    machine = [A, Gpu("GPU-c", "L4")]
    line = gpus.device_line("auto", machine, gpu_profile=False)
    assert line == "Trainings run on GPUs: H100, L4."
    line = gpus.device_line("auto", machine, gpu_profile=True, gpu_jobs=3)
    assert line == "Trainings run on GPUs, 3 on each: H100, L4."


def test_a_torch_for_cpus_uses_no_gpu(monkeypatch, tmp_path):
    pretend(monkeypatch, [A])
    package = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(gpus, "find_spec", lambda name: package)
    (tmp_path / "version.py").write_text("cuda = '13.0'\n")
    assert gpus.usable_gpus("auto") == [A] and gpus.usable_gpus("cpu") == []
    (tmp_path / "version.py").write_text("cuda = None\n")
    assert gpus.usable_gpus("auto") == []


def test_what_torch_was_built_for_is_read_as_torch_says_it():
    assert gpus.torch_cuda() == torch.version.cuda


@pytest.mark.parametrize(("served", "used"), [(11080, []), (12000, [A]), (13010, [A])])
def test_a_driver_serves_cuda_of_its_own_first_number_and_before(monkeypatch, served, used):
    pretend(monkeypatch, [A])
    monkeypatch.setattr(gpus, "torch_cuda", lambda: "12.6")
    monkeypatch.setattr(gpus.pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(gpus.pynvml, "nvmlSystemGetCudaDriverVersion_v2", lambda: served)
    assert gpus.usable_gpus("auto") == used
    line = gpus.device_line("auto", used, gpu_profile=False)
    if used:
        assert line == "Trainings run on GPUs: H100."
        return
    problem = "the driver of this machine's GPUs serves CUDA 11.8, and torch was built for 12.6"
    assert line == f"Warning: {problem}: trainings run on the CPU."
    assert gpus.device_line("cpu", [], gpu_profile=False) == "Trainings run on the CPU."
    with pytest.raises(UserError, match=f"key 'device': {problem}; install a newer driver"):
        gpus.device_line("cuda", [], gpu_profile=False)


def test_without_a_gpu_a_run_for_gpus_warns_and_cuda_is_refused():
    assert gpus.device_line("auto", [], gpu_profile=False) == "Trainings run on the CPU."
    line = gpus.device_line("auto", [], gpu_profile=True)
    assert line.startswith("Warning: the run asks for GPUs")
    with pytest.raises(UserError, match="key 'device': cuda is wanted but this machine shows no"):
        gpus.device_line("cuda", [], gpu_profile=False)


@pytest.mark.parametrize("gpu_profile", [True, False])
def test_a_study_of_cpus_asks_for_no_gpu_whatever_the_run_was_started_for(gpu_profile):
    line = gpus.device_line("cpu", [], gpu_profile=gpu_profile)
    assert line == "Trainings run on the CPU."
