"""Files that are whole or absent: written beside their place, then moved there.

Open it when a step should leave no half-written file, whatever ends it. The trap: *path* may be
written by two processes at once; each has an unfinished file of its own, and the last one wins.
"""

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mnbench.errors import UserError

# What may name a file or folder: no path, no option, nothing that a shell reads as more than text.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LONGEST_NAME = 100  # characters: file systems take 255, and other names follow it
ALLOWED_IN_NAMES = "letters, digits, '_', '.' and '-', a letter or digit first"
_UNFINISHED = ".unfinished"  # behind a file's name and its writer's process id


def file_name(name: str) -> str:
    """Return a name that can be a file's or a folder's.

    Raises:
        ValueError: it cannot.
    """
    if not FILE_NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a folder; use {ALLOWED_IN_NAMES}")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"has {len(name)} characters; allowed: 1 to {LONGEST_NAME}")
    return name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces *path* when the block ends without an error.

    Folders are made as needed.

    Raises:
        UserError: the file cannot be written: the disk is full, the folder read-only, and so on.
    """
    # The suffix stays the last one: libraries read the format from it.
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}{_UNFINISHED}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def remains(path: Path) -> list[Path]:
    """Return what processes left beside a file that were killed while they wrote it."""
    # The writer is digits and nothing else: "v16@2" is no name for what "v16@2.5" is writing.
    before, behind = re.escape(f".{path.stem}."), re.escape(_UNFINISHED + path.suffix)
    own = re.compile(before + "[0-9]+" + behind)
    return [file for file in path.parent.glob(".*") if own.fullmatch(file.name)]


def only_a_file(path: Path) -> None:
    """Remove what stands in the place of a file of ours: a folder, or a link to elsewhere."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # there is nothing, or no way to it
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(path)
    elif not stat.S_ISREG(mode):
        path.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        OSError: the file is missing or unreadable.
        ValueError: no UTF-8 text, or no JSON that a program would write.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("lists within lists, too deep to be read") from None


def why_no_folder(path: Path) -> str | None:
    """Return why no files can be written to a folder, or None; it need not be there yet."""
    try:
        nearest = next(folder for folder in (path, *path.parents) if os.path.lexists(folder))
        if not nearest.is_dir():
            return f"'{nearest}' is no folder"
        if not os.access(nearest, os.W_OK | os.X_OK):
            return f"'{nearest}' cannot be written to"
        path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:  # too long a name, for instance
        return f"'{path}': {error.strerror}"
    return None


def cannot_write(path: Path, error: OSError) -> UserError:
    """Return the line for a file that the system refuses to write."""
    reason = error.strerror or str(error)
    return UserError(
        f"{path}: cannot be written ({reason}); free space, or make the folder writable, "
        "and run the same command again"
    )


def sha256(path: Path) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits.

    Raises:
        OSError: the file is missing or unreadable.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
