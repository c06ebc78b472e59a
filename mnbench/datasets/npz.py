"""Arrays in one uncompressed ``.npz`` file, written whole or not at all; never pickle."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mnbench.errors import UserError


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Write *arrays*; the same arrays give the same bytes.

    Raises:
        UserError: the file cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
        unfinished.replace(path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}); free space or choose another folder"
        ) from error
    finally:
        if unfinished.exists():
            unfinished.unlink()


def read_arrays(path: Path, **wanted: tuple[type, int]) -> Mapping[str, np.ndarray]:
    """Read the *wanted* arrays, each given as its type and number of axes.

    Raises:
        UserError: the file is missing or damaged, or an array is not there or of another kind.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in wanted}
        for name, (dtype, axes) in wanted.items():
            if arrays[name].dtype != dtype or arrays[name].ndim != axes:
                raise ValueError(f"{name} is {arrays[name].dtype} {arrays[name].shape}")
    except (
        Exception
    ) as error:  # np.load raises zipfile, OS, value, key and end-of-file errors alike
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(
            f"{path}: not readable data ({reason}); delete the file and run snakemake again"
        ) from error
    return arrays
