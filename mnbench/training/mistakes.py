"""What a user can mend, told in one line; anything else is a bug, and shown as a traceback.

Open it when a traceback turned out to be a user's mistake. The trap: torch reports memory that is
not there by errors of several kinds.
"""

import errno

import torch

from mnbench.errors import UserError

_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE}
_NO_MEMORY = ("can't allocate memory", "not enough memory", "DefaultCPUAllocator")

_NO_COMPILER = ("C++ compiler", "C compiler")


def in_one_line(error: Exception) -> str | None:
    """Return a line with the remedy, or None if the error is a bug."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        place = f"{error.filename}: " if error.filename else ""
        return (
            f"{place}{error.strerror}; free space, or make the folder writable, "
            "and run the same command again"
        )
    out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if out_of_memory or any(text in str(error) for text in _NO_MEMORY):
        return (
            "not enough memory; lower key 'recipe.batch_size', or run fewer trainings at a time "
            "(snakemake --cores)"
        )
    if any(text in str(error) for text in _NO_COMPILER):
        return "key 'recipe.compile': torch finds no C++ compiler; install one, or write false"
    return None
