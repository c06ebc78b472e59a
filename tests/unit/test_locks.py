"""Locks: one holder at a time, whatever ends it, and nothing of others is touched."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mnbench.errors import UserError
from mnbench.locks import held, holder, release, try_lock

THIS = f"{os.getpid()} on {socket.gethostname()}"  # a number alone may be of another machine


def test_a_lock_has_one_holder_and_its_file_goes_with_it(tmp_path):
    file = tmp_path / "folder" / "lock"
    descriptor = try_lock(file)
    assert descriptor is not None and holder(file) == THIS
    assert try_lock(file) is None
    release(file, descriptor)
    assert not file.exists()
    again = try_lock(file)
    assert again is not None
    release(file, again)


def test_the_umask_says_who_may_wait_for_a_lock(tmp_path):
    before = os.umask(0o002)  # of a group that shares a folder
    try:
        descriptor = try_lock(tmp_path / "lock")
    finally:
        os.umask(before)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o664
    release(tmp_path / "lock", descriptor)


def test_a_killed_holder_holds_nothing(tmp_path):
    file = tmp_path / "lock"
    program = f"""
import sys, time
from pathlib import Path
from mnbench.locks import try_lock
descriptor = try_lock(Path({str(file)!r}))
print("held", flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    assert try_lock(file) is None and holder(file).startswith(f"{process.pid} on ")
    process.kill()
    process.wait()
    descriptor = try_lock(file)
    assert descriptor is not None
    release(file, descriptor)


def test_who_waits_is_told_once_for_whom_and_goes_on_when_it_is_free(tmp_path):
    file, told, order = tmp_path / "lock", [], []
    descriptor = try_lock(file)

    def wait():
        with held(file, told.append):
            order.append("second")

    thread = threading.Thread(target=wait)
    thread.start()
    while not told:
        time.sleep(0.01)
    order.append("first")
    release(file, descriptor)
    thread.join(timeout=30)
    assert order == ["first", "second"] and told == [THIS]


def test_many_threads_never_hold_a_lock_together(tmp_path):
    holders, most = [], []

    def work():
        for _ in range(20):
            while (descriptor := try_lock(tmp_path / "lock")) is None:
                time.sleep(0.001)
            holders.append(1)
            most.append(len(holders))
            holders.pop()
            release(tmp_path / "lock", descriptor)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 160 and max(most) == 1


def test_a_planted_link_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(UserError, match="lock: cannot be written"):
        try_lock(tmp_path / "lock")
    assert victim.read_text() == "precious"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_one_line_with_the_remedy(tmp_path, monkeypatch, code):
    def refuse(descriptor, operation):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    before = open_files()
    for _ in range(3):
        with pytest.raises(UserError) as caught:
            try_lock(tmp_path / "lock")
        with pytest.raises(UserError), held(tmp_path / "lock", print):
            pass
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'lock'}: cannot be locked ({os.strerror(code)})")
    assert "mount its file system with flock, or put results/ on one that has it" in line
    assert "\n" not in line and open_files() == before


@pytest.mark.parametrize("code", [errno.ENOENT, errno.ESTALE])
def test_a_lock_that_was_given_back_since_it_was_opened_is_not_held(tmp_path, monkeypatch, code):
    """ESTALE is what a network's file system says where another node has removed the file."""

    def gone(descriptor):
        raise OSError(code, os.strerror(code))

    before = open_files()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", gone)
        assert try_lock(tmp_path / "lock") is None
    assert open_files() == before


def test_a_full_disk_takes_no_name_and_the_lock_is_held(tmp_path, monkeypatch):
    def full(descriptor, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "lock"
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        descriptor = try_lock(file)
    assert descriptor is not None and holder(file) == "unknown" and try_lock(file) is None
    release(file, descriptor)
