"""Files that are whole or absent: written beside their place, then moved there.

Open it when a step should leave no half-written file, whatever ends it. The trap: *path* may be
written by two processes at once; each has an unfinished file of its own, and the last one wins.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mnbench.errors import UserError

# What may name a file or folder: no path, no option, nothing that a shell reads as more than text.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
ALLOWED_IN_NAMES = "letters, digits, '_', '.' and '-', a letter or digit first"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path to write to; it replaces *path* when the block ends without an error.

    Folders are made as needed.

    Raises:
        UserError: the file cannot be written: the disk is full, the folder read-only, and so on.
    """
    # The suffix stays the last one: libraries read the format from it.
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.unfinished{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_json(path: Path) -> Any:
    """Return the values of a JSON file.

    Raises:
        OSError: the file is missing or unreadable.
        ValueError: it is no JSON, or too deeply nested for Python.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(str(error)) from None


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


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
