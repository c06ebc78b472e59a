"""Slots: no more trainings on a GPU than it may have, whoever starts them and however they end."""

import subprocess
import sys
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from support.pretended_gpus import new_gpus

from mnbench.errors import UserError
from mnbench.training import slots
from mnbench.training.slots import GPU_JOBS, gpu_jobs, held_slot


class Waits(Exception):
    """A job has begun to wait for a slot."""


def sleep_by(monkeypatch, wait):
    """Let slots, and nobody else, sleep by a function of the seconds."""
    clock = SimpleNamespace(sleep=wait, monotonic=time.monotonic)
    monkeypatch.setattr(slots, "time", clock)


@pytest.fixture(autouse=True)
def waiting_ends_a_test(monkeypatch):
    def wait(seconds):
        raise Waits

    sleep_by(monkeypatch, wait)


def test_jobs_spread_over_gpus_and_the_one_too_many_waits(monkeypatch):
    monkeypatch.setenv(GPU_JOBS, "2")
    gpus = new_gpus(2)
    with ExitStack() as jobs:
        taken = [jobs.enter_context(held_slot(gpus)) for _ in range(4)]
        assert taken == [*gpus, *gpus]
        with pytest.raises(Waits):
            held_slot(gpus).__enter__()
    with held_slot(gpus) as gpu:  # all are free again
        assert gpu == gpus[0]


def test_a_job_takes_the_gpu_that_fewest_hold(monkeypatch):
    monkeypatch.setenv(GPU_JOBS, "3")
    gpus = new_gpus(2)
    with held_slot(gpus[1:]), held_slot(gpus[1:]), held_slot(gpus[:1]), held_slot(gpus) as gpu:
        assert gpu == gpus[0]


def test_without_a_word_a_gpu_has_one_job(monkeypatch):
    monkeypatch.delenv(GPU_JOBS, raising=False)
    gpus = new_gpus(1)
    with held_slot(gpus), pytest.raises(Waits):
        held_slot(gpus).__enter__()


def test_who_waits_long_says_for_what_once(monkeypatch, capsys):
    monkeypatch.setattr(slots, "SECONDS_BEFORE_TELLING", 0.0)
    tries = iter(range(3))

    def wait(seconds):
        if next(tries) == 2:
            raise Waits

    sleep_by(monkeypatch, wait)
    gpus = new_gpus(1)
    with held_slot(gpus), pytest.raises(Waits):
        held_slot(gpus).__enter__()
    told = capsys.readouterr().err
    assert told == "mnbench: waiting for a GPU: all slots are taken (GPUs: 1, on each: 1)\n"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "49"])
def test_a_number_of_jobs_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv(GPU_JOBS, text)
    with pytest.raises(UserError, match=rf"^{GPU_JOBS}={text}: must be a whole number from 1 to"):
        gpu_jobs()


JOBS = """
import os, signal, sys, time
from pathlib import Path
from mnbench.training import slots
from mnbench.training.gpus import Gpu

folder, *uuids = sys.argv[1:]
gpus = [Gpu(uuid, "pretended") for uuid in uuids]
slots.SECONDS_BETWEEN_ROUNDS = 0.01

def job(number):
    with slots.held_slot(gpus) as gpu:
        place = Path(folder, gpu.uuid)
        (place / str(number)).touch()
        seen = len(list(place.iterdir()))
        os.write(1, f"{number} {gpu.uuid} {seen}\\n".encode())  # a line is whole, beside others'
        time.sleep(0.05)
        (place / str(number)).unlink()
        if number % 4 == 0:  # ends as a process does that the system kills
            os.kill(os.getpid(), signal.SIGKILL)

for uuid in uuids:
    Path(folder, uuid).mkdir()
children = []
for number in range(20):
    if (child := os.fork()) == 0:
        job(number)
        os._exit(0)
    children.append(child)
print("ends", *[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_twenty_jobs_share_four_slots_though_some_are_killed(tmp_path, monkeypatch):
    """Each job writes how many it sees on its GPU; a fifth of them is killed in its slot."""
    monkeypatch.setenv(GPU_JOBS, "2")
    gpus = [gpu.uuid for gpu in new_gpus(2)]
    done = subprocess.run(
        [sys.executable, "-c", JOBS, str(tmp_path), *gpus],
        capture_output=True,
        text=True,
        timeout=120,
    )
    *lines, ends = [line.split() for line in done.stdout.splitlines()]
    assert ends == ["ends", *(["-9", "0", "0", "0"] * 5)], done
    assert sorted(int(number) for number, _, _ in lines) == list(range(20))
    for gpu in gpus:
        assert max(int(seen) for _, uuid, seen in lines if uuid == gpu) == 2
