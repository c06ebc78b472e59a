"""Devices: a job holds a slot of one, and measures its time and its share of it."""

import os
import time
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from support.pretended_gpus import new_gpus, pretend
from support.small_training import (
    needs_gpu,
)

from mnbench.errors import UserError
from mnbench.records.record import Cost
from mnbench.training import device, gpus, slots
from mnbench.training.device import Stopwatch
from mnbench.training.slots import GPU_JOBS, held_slot


def test_a_job_on_a_cpu_is_one_thread():
    with device.acquire("cpu") as held:
        assert held == torch.device("cpu")
        assert torch.get_num_threads() == 1
    assert 5e-324 + torch.zeros((), dtype=torch.float64).item() > 0  # floats are whole again


def test_cuda_without_a_gpu_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UserError, match="key 'device': cuda is wanted but torch sees no GPU"):
        device.acquire("cuda").__enter__()
    with device.acquire("auto") as held:
        assert held.type == "cpu"


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_a_gpu_that_the_driver_alone_counts_is_none(monkeypatch, wanted):
    """Its driver is too old, for instance: torch counts it, and cannot start it."""
    started = RuntimeError("The NVIDIA driver on your system is too old")
    pretend(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", Mock(side_effect=started))
    if wanted == "auto":
        with device.acquire(wanted) as held:
            assert held.type == "cpu"
    else:
        with pytest.raises(UserError, match="cuda is wanted but torch sees no GPU"):
            device.acquire(wanted).__enter__()


@pytest.fixture
def cuda(monkeypatch):
    """Pretend that CUDA can be started; it sees no GPU by number."""
    monkeypatch.setattr(gpus, "torch_cuda", lambda: "12.6")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: None)


def see(monkeypatch, *gpus):
    """Pretend that torch sees these GPUs."""
    properties = [SimpleNamespace(uuid=gpu.uuid.removeprefix("GPU-"), name="") for gpu in gpus]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(gpus))
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties.__getitem__)


def test_a_job_sees_the_gpu_of_its_slot_alone(cuda, monkeypatch):
    first, second = new_gpus(2)
    pretend(monkeypatch, [first], [second])
    with held_slot([first]), device.acquire("auto") as held:
        assert held == torch.device("cuda", 0)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == second.uuid


def test_where_cuda_runs_already_a_gpu_is_found_by_its_uuid(cuda, monkeypatch):
    first, second = new_gpus(2)
    pretend(monkeypatch, [first], [second])
    see(monkeypatch, first, second)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with held_slot([first]), device.acquire("cuda") as held:
        assert held == torch.device("cuda", 1)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_without_the_drivers_list_torch_is_asked(cuda, monkeypatch):
    first, second = new_gpus(2)
    pretend(monkeypatch)
    see(monkeypatch, first, second)
    with held_slot([first]), device.acquire("auto"):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == second.uuid


def test_a_gpu_that_torch_cannot_use_leaves_the_cpu(cuda, monkeypatch, capsys):
    (gpu,) = new_gpus(1)
    pretend(monkeypatch, [gpu])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with device.acquire("auto") as held, held_slot([gpu]):  # the slot is free again
        assert held.type == "cpu"
    assert "torch cannot use this machine's GPU" in capsys.readouterr().err
    with pytest.raises(UserError, match="key 'device': cuda is wanted but torch sees no GPU"):
        device.acquire("cuda").__enter__()


@pytest.mark.parametrize(("jobs", "processes", "share"), [(1, 1, 1), (3, 1, 1 / 3), (2, 5, 1 / 5)])
def test_what_shares_a_gpu_shares_its_time(monkeypatch, jobs, processes, share):
    monkeypatch.setenv(GPU_JOBS, str(jobs))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda where: None)
    monkeypatch.setattr(device, "_processes", lambda where: processes)
    reading = Stopwatch(torch.device("cuda", 0)).read()
    assert reading.device_share == share
    cost = Cost(device_seconds=1.0, held_seconds=reading.device_share)
    assert cost.shared_device == (share < 1)


def test_a_process_that_waits_for_its_core_sees_it():
    """Sleep stands for what another process takes of the core."""
    stopwatch = Stopwatch(torch.device("cpu"))
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    busy = stopwatch.read()
    assert 0 < busy.device_share <= 1
    assert busy.device_share == pytest.approx(min(1, busy.cpu_seconds / busy.device_seconds))
    stopwatch.start()
    time.sleep(0.05)
    assert stopwatch.read().device_share < 0.5


@pytest.mark.gpu
@needs_gpu
def test_a_job_on_a_gpu_holds_a_slot_of_it():
    with device.acquire("cuda") as held:
        assert held.type == "cuda"
        uuid = str(torch.cuda.get_device_properties(held).uuid)
        (gpu,) = [gpu for gpu in gpus.visible_gpus() if uuid in gpu.uuid]
        assert slots._is_held(gpu, 0)
        assert float(torch.ones(2, device=held).sum()) == 2
