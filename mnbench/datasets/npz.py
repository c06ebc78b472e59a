"""Write and read arrays in an uncompressed ``.npz`` file: whole or not at all, never pickle.

Open this module when a prepared file is refused as damaged. The trap: arrays are checked for their
dtype and number of axes, never for their values.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from mnbench.errors import UserError
from mnbench.files import replacing


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Write *arrays* to a file; the same arrays give the same bytes.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **cast(Mapping[str, Any], arrays))  # numpy types its own keywords only


def read_arrays(path: Path, **wanted: tuple[type, int]) -> Mapping[str, np.ndarray]:
    """Return the *wanted* arrays of a file by name.

    Args:
        path: the file.
        wanted: by name, the dtype and number of axes that an array must have.

    Raises:
        UserError: the file is damaged, or it lacks an array, or an array is of another kind.
    """
    try:
        # numpy leaves a file open that it opened and found damaged.
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            arrays = {name: file[name] for name in wanted}
        for name, (dtype, axes) in wanted.items():
            if arrays[name].dtype != dtype or arrays[name].ndim != axes:
                raise ValueError(f"{name} is {arrays[name].dtype} {arrays[name].shape}")
    # np.load raises zipfile, OS, value, key and end-of-file errors alike.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(
            f"{path}: not readable data ({reason}); delete the file and run snakemake again"
        ) from error
    return arrays
