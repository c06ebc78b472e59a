"""How a record is refused: one line that says why, and what to do.

Open it to change that line. The trap: it holds only the first of pydantic's many findings. And a
file that cannot be read now is no damaged one: nothing may be trained in its place.
"""

from pathlib import Path

from pydantic import ValidationError

from mnbench.errors import UserError, cause, requirement

RETRAIN = "run snakemake again, which trains it anew"


def reason(error: Exception) -> str:
    """Return an exception's message in one line."""
    if isinstance(error, ValidationError):  # its text is many lines: the first finding is enough
        first = error.errors()[0]
        return f"key '{'.'.join(map(str, first['loc']))}': {requirement(first)}"
    return cause(error)


class Unreadable(UserError):
    """A record's file that is there and cannot be read now, so that nobody knows what it is."""


def cannot_read(path: Path, error: OSError) -> UserError:
    """Return the error for a record's file that cannot be read: :class:`Unreadable` if it is there.

    Permissions change, servers of files come back, and a process may have too many files open.
    """
    if isinstance(error, (FileNotFoundError, NotADirectoryError, IsADirectoryError)):
        return UserError(f"{path}: cannot be read ({reason(error)}); {RETRAIN}")
    return Unreadable(
        f"{path}: cannot be read now ({reason(error)}); make it readable and run the same command "
        "again, or delete the record's folder, and it is trained anew"
    )
