"""The doctor on the machine: cores that a container has, GPUs that torch sees, room on the disk."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from mnbench.doctor import machine
from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK
from mnbench.doctor.machine import Cores, check_cores, check_devices, check_room, check_temporary
from mnbench.doctor.torch_probe import TorchAnswer

Usage = namedtuple("Usage", "total used free")


def lay(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "given"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, None),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000"}, 1.5),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "50000 100000"}, 0.5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "400000 100000"}, 4.0),
        (
            {
                "proc/self/cgroup": "3:cpu,cpuacct:/a\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            },
            2.0,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu:/a\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
    ],
)
def test_the_limit_of_a_container_is_read(tmp_path, files, given):
    assert machine.cores_of_this_process(lay(tmp_path, **files)).given == given


@pytest.mark.parametrize(
    ("cores", "usable"), [(Cores(8), 8), (Cores(8, 2.5), 2), (Cores(8, 0.5), 1), (Cores(2, 16), 2)]
)
def test_as_many_trainings_run_as_have_a_core(cores, usable):
    assert cores.usable == usable


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
