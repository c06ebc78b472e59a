"""Locks that the kernel releases when their holder ends, however it ends.

Open it to keep two processes from the same work. The trap: a lock is a file, and the file goes when
the lock does; so a lock is held only if the file of that name is still the one that was locked.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mnbench.files import cannot_write

SECONDS_BETWEEN_TRIES = 0.2


@contextmanager
def held(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it.

    Args:
        path: the lock's file; folders are made as needed, and no link is followed.
        waiting: called once with the holder's process id before waiting for it.

    Raises:
        UserError: the file cannot be made.
    """
    told = False
    while (descriptor := try_lock(path)) is None:
        if not told:
            waiting(holder(path))
            told = True
        time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        release(path, descriptor)


def try_lock(path: Path) -> int | None:
    """Return the descriptor of a lock, or None if another process holds it.

    Raises:
        UserError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False)):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}".encode())
            return descriptor
    except (BlockingIOError, FileNotFoundError):  # held; or given back since it was opened
        pass
    os.close(descriptor)
    return None


def release(path: Path, descriptor: int) -> None:
    """Give a lock back, and remove its file."""
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)


def holder(path: Path) -> str:
    """Return the process id that a lock's file names, for a message."""
    with suppress(OSError):
        if text := path.read_text(encoding="utf-8", errors="replace").strip():
            return text
    return "unknown"
