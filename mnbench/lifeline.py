"""A lifeline: a process that ends when the one that it works for has ended, however that one did.

Open it when something goes on running that nobody waits for. The trap: the system uses
process ids again. So a watched process has two marks: its id and the time when it began. That time
must come from no clock that somebody sets: clocks are corrected while processes run.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil

OWNER = "MNBENCH_OWNER"  # the environment variable that names the process to end with
SECONDS_BETWEEN_LOOKS = 0.5


def name_of(pid: int) -> str:
    """Return a text that only one process has: its id and when it began.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    return f"{pid} {_began(pid)}"


def is_alive(name: str) -> bool:
    """Return whether the process of a :func:`name_of` still runs."""
    pid, began = name.split()
    try:
        is_the_same = _began(int(pid)) == float(began)
        return is_the_same and psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _began(pid: int) -> float:
    """Return when a process began: on Linux in ticks since the machine started.

    psutil adds the time of the machine's start, and that changes whenever its clock is set.
    """
    if not sys.platform.startswith("linux"):
        return psutil.Process(pid).create_time()
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None
    # Field 22, counted from 1. The second is the program's name in parentheses: any bytes at all.
    behind_the_name = line.rpartition(b")")[2].split()
    return int(behind_the_name[22 - 3])


def end_with_owner() -> None:
    """From now on end this process when the one that the environment names has ended."""
    if owner := os.environ.get(OWNER):
        end_with(owner)


def end_with(owner: str) -> None:
    """From now on end this process when the one of a :func:`name_of` has ended."""
    threading.Thread(target=_watch, args=[owner], daemon=True).start()


def end_main_thread() -> None:
    """Ask this process to end, from another of its threads; call it again until it has ended.

    Python's handlers run in the main thread. A signal just before that begins to wait takes effect
    only after the wait, so that one signal may come to nothing for hours.
    """
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


def _watch(owner: str) -> None:
    while is_alive(owner):
        time.sleep(SECONDS_BETWEEN_LOOKS)
    while True:
        end_main_thread()
        time.sleep(SECONDS_BETWEEN_LOOKS)
