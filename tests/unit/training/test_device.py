"""Devices: a job holds one for itself, and measures its time and its share of it."""

import os
import tempfile
import time
from types import SimpleNamespace

import pytest
import torch
from support.small_training import (
    needs_gpu,
)

from mnbench.errors import UserError
from mnbench.training import device
from mnbench.training.device import Stopwatch


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


def test_each_job_holds_a_gpu_of_its_own_and_the_next_one_waits(tmp_path, monkeypatch):
    class Waits(Exception):
        pass

    def wait(seconds):
        raise Waits

    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(device.time, "sleep", wait)
    gpus = [SimpleNamespace(uuid=f"GPU-{number}") for number in range(2)]
    monkeypatch.setattr(torch.cuda, "get_device_properties", gpus.__getitem__)
    with device._free_gpu(2) as first:
        with device._free_gpu(2) as second:
            assert {first.index, second.index} == {0, 1}
            with pytest.raises(Waits):
                device._free_gpu(2).__enter__()
        with device._free_gpu(2) as again:  # free again
            assert again == second


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
def test_a_job_on_a_gpu_holds_its_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    with device.acquire("cuda") as held:
        assert held.type == "cuda"
        uuid = str(torch.cuda.get_device_properties(held).uuid)
        assert (tmp_path / f"mnbench-gpus-{os.getuid()}" / uuid).exists()
