"""Any data set by name, from wherever it comes."""

from pathlib import Path
from typing import Literal

from mnbench.datasets.bundled import NAMES, check_embedded, folder_of, load_embedded
from mnbench.datasets.downloaded import SOURCES, check_remote, load_remote
from mnbench.datasets.images import Images
from mnbench.datasets.registry import dataset

Part = Literal["train", "test"]


def load(name: str, *, part: Part, root: Path, download: bool) -> Images:
    """Read a whole part of a data set, its content checked.

    Args:
        name: one of :data:`mnbench.datasets.DATASETS`.
        part: the official training part or the official test part.
        root: the folder of the data sets that are not embedded.
        download: whether files that are missing or altered may be downloaded into *root*.

    Raises:
        UserError: no such data set; a file is missing, truncated, altered or not to be downloaded.
    """
    entry = dataset(name)
    if entry.name in NAMES:
        return load_embedded(folder_of(entry.name), NAMES[entry.name][part])
    return load_remote(SOURCES[entry.name], part, root, download)


def load_train(name: str, *, root: Path, download: bool) -> Images:
    """Read the official training part: see :func:`load`."""
    return load(name, part="train", root=root, download=download)


def load_test(name: str, *, root: Path, download: bool) -> Images:
    """Read the official test part: see :func:`load`. For :mod:`mnbench.datasets.prepare`."""
    return load(name, part="test", root=root, download=download)


def check_available(name: str, root: Path, download: bool) -> None:
    """Check, in milliseconds and without torch, that a data set can be had.

    So a wrong data root stops a run before any training. The files' content is checked by
    :func:`load`.

    Raises:
        UserError: no such data set; a file is missing or truncated and must not be downloaded.
    """
    entry = dataset(name)
    if entry.name in NAMES:
        check_embedded(folder_of(entry.name))
    else:
        check_remote(SOURCES[entry.name], root, download)
