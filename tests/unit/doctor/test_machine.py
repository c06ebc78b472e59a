"""The doctor on the machine: cores that a container has, GPUs that torch sees, room on the disk."""

import shutil
from collections import namedtuple

import pytest

from mnbench.cores import Cores
from mnbench.doctor import machine
from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK
from mnbench.doctor.machine import check_cores, check_devices, check_room, check_temporary
from mnbench.doctor.torch_probe import TorchAnswer

Usage = namedtuple("Usage", "total used free")


def test_a_limited_container_is_told_from_its_cores():
    (diagnosis,) = check_cores(Cores(8, 2.5), load=0.0)
    assert (diagnosis.kind, diagnosis.remedy) == (REMARK, "give snakemake --cores 2, not all")
    assert [diagnosis.kind for diagnosis in check_cores(Cores(8), load=0.1)] == [OK]


def test_a_busy_machine_is_no_place_to_measure_times():
    _, load = check_cores(Cores(2), load=1.5)
    assert (load.kind, load.subject) == (REMARK, "load")


@pytest.mark.parametrize(
    ("gpus", "answer", "kind", "said"),
    [
        ([], TorchAnswer(), OK, "no GPU: trainings run on the CPU"),
        (["H200"], TorchAnswer(built_for="13.0", gpus=1), OK, "H200"),
        ([], TorchAnswer(built_for="13.0", gpus=2), OK, "2 GPUs"),
        (["H200"], TorchAnswer(), REMARK, "torch sees none (built for CPUs alone)"),
        (["H200"], TorchAnswer(built_for="13.0"), REMARK, "torch sees none (built for CUDA 13.0)"),
        ([], TorchAnswer("OSError: libc10.so"), PROBLEM, "cannot be imported: OSError: libc10.so"),
    ],
)
def test_a_device_is_one_that_torch_sees(gpus, answer, kind, said):
    diagnosis = check_devices(gpus, answer)
    assert diagnosis.kind == kind and said in diagnosis.text


@pytest.mark.parametrize(("free", "kind"), [(10**8, PROBLEM), (10**10, OK)])
def test_a_full_disk_is_a_problem(tmp_path, monkeypatch, free, kind):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free))
    diagnosis = check_room(tmp_path / "results")
    assert diagnosis.kind == kind and diagnosis.text.startswith(f"{free / 1e9:.1f} GB free")


def test_a_full_temporary_folder_is_a_problem(monkeypatch):
    assert check_temporary().kind == OK
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**6))
    diagnosis = check_temporary()
    assert diagnosis.kind == PROBLEM and "TMPDIR" in diagnosis.text


@pytest.mark.parametrize("there", [True, False])
def test_what_is_optional_is_never_a_problem(monkeypatch, there):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if there else None)
    kinds = [diagnosis.kind for diagnosis in machine.check_optional()]
    assert kinds == [OK, OK] if there else [REMARK, REMARK]
