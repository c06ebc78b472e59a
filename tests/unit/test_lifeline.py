"""A process ends when the one that it works for has ended."""

import os
import subprocess
import sys

import psutil
import pytest

from mnbench.lifeline import OWNER, is_alive, name_of

WORKER = """
import time
from mnbench.lifeline import end_with_owner
end_with_owner()
print("works", flush=True)
time.sleep(60)
"""


def test_a_name_is_that_of_one_process_only():
    own = name_of(os.getpid())
    pid, began = own.split()
    assert is_alive(own)
    assert not is_alive(f"{pid} {float(began) - 5}")  # the id of an earlier process, used again


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux tells ticks since it began")
def test_a_clock_that_is_set_ends_nobody(monkeypatch):
    own, create_time = name_of(os.getpid()), psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: create_time(process) + 1)
    assert is_alive(own) and name_of(os.getpid()) == own


def test_a_program_may_have_any_name(tmp_path):
    program = tmp_path / "a) S 1 (b"
    program.write_text("#!/bin/sh\nread line\n")
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        name = name_of(process.pid)
        assert is_alive(name) and float(name.split()[1]) >= float(name_of(os.getpid()).split()[1])
        process.communicate()
    assert not is_alive(name)


def test_a_worker_ends_with_its_killed_owner():
    owner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=os.environ | {OWNER: name_of(owner.pid)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout.readline() == "works\n"
    assert worker.poll() is None
    owner.kill()
    owner.wait()
    assert worker.wait(timeout=60) < 0  # by a signal


def test_without_an_owner_nothing_is_watched():
    environment = {name: value for name, value in os.environ.items() if name != OWNER}
    done = subprocess.run(
        [sys.executable, "-c", "from mnbench.lifeline import end_with_owner; end_with_owner()"],
        env=environment,
    )
    assert done.returncode == 0
