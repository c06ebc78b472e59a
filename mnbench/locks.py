"""Locks that the kernel releases when their holder ends, however it ends.

Open it to keep two processes from the same work. The trap: a lock is a file, and the file goes when
the lock does; so a lock is held only if the file of that name is still the one that was locked.
"""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from mnbench.errors import UserError
from mnbench.files import cannot_write

SECONDS_BETWEEN_TRIES = 0.2
_GIVEN_BACK = (errno.ENOENT, errno.ESTALE)  # since it was opened, ESTALE on another node


@contextmanager
def held(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it.

    Args:
        path: the lock's file; folders are made as needed, and no link is followed.
        waiting: called once with the :func:`holder` before waiting for it.

    Raises:
        UserError: the file cannot be made or locked.
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
        UserError: the file cannot be made or locked.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    with ExitStack() as unless_held:
        unless_held.callback(os.close, descriptor)
        if not _is_locked(path, descriptor):
            return None
        with suppress(OSError):  # the name serves messages alone, and a full disk takes none
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()} on {socket.gethostname()}".encode())
        unless_held.pop_all()
    return descriptor


def _is_locked(path: Path, descriptor: int) -> bool:
    """Lock an open file; return whether this process has it, and it is still the one at *path*.

    Raises:
        UserError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another process has it
        return False
    except OSError as error:
        raise UserError(
            f"{path}: cannot be locked ({error.strerror}), and without locks two processes could "
            "write one record; mount its file system with flock, or put results/ on one that has "
            "it (snakemake --directory)"
        ) from error
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except OSError as error:
        if error.errno in _GIVEN_BACK:
            return False
        raise cannot_write(path, error) from error


def release(path: Path, descriptor: int) -> None:
    """Give a lock back, and remove its file."""
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)


def holder(path: Path) -> str:
    """Return the process that a lock's file names, for a message: "4711 on login2"."""
    with suppress(OSError):
        if text := path.read_text(encoding="utf-8", errors="replace").strip():
            return text
    return "unknown"
