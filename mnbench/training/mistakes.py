"""What a user can mend, told in one line; anything else is a bug, and shown as a traceback.

Open it when a traceback turned out to be a user's mistake. The trap: torch reports memory that is
not there by errors of several kinds, and a GPU's memory has another remedy than the machine's.
"""

import errno

import torch

from mnbench.errors import UserError
from mnbench.training.slots import GPU_JOBS

_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE}
_NO_MEMORY = ("can't allocate memory", "not enough memory", "DefaultCPUAllocator")
_NO_GPU_MEMORY = (  # of torch's allocator, of the driver, and of CUDA's libraries
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)

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
    on_gpu = isinstance(error, torch.OutOfMemoryError)
    if on_gpu or any(text in str(error) for text in _NO_GPU_MEMORY):
        return (
            "not enough memory on the GPU; lower key 'recipe.batch_size', or let fewer trainings "
            "share a GPU (snakemake --resources gpu_jobs=N; without snakemake, and on a cluster, "
            f"{GPU_JOBS}=N)"
        )
    if isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY):
        return (
            "not enough memory; lower key 'recipe.batch_size', or run fewer trainings at a time "
            "(snakemake --cores); on a cluster ask for more mem_mb (set-resources)"
        )
    if any(text in str(error) for text in _NO_COMPILER):
        return "key 'recipe.compile': torch finds no C++ compiler; install one, or write false"
    return None
