"""Load any data set, be it bundled, downloaded or a folder of images.

Open this module to add a fourth kind of data set. The trap: :func:`load_test` is for
:mod:`mnbench.datasets.prepare` alone.
"""

from pathlib import Path
from typing import Literal

from mnbench.datasets.bundled import NAMES, check_bundled, folder_of, load_bundled
from mnbench.datasets.downloaded import SOURCES, check_downloaded, load_downloaded
from mnbench.datasets.folders.cache import look_at, read_folder
from mnbench.datasets.images import Images
from mnbench.datasets.registry import Dataset, dataset

Part = Literal["train", "test"]


def load(name: str | Dataset, *, part: Part, root: Path, download: bool) -> Images:
    """Read a whole part of a data set, and check its content.

    Args:
        name: one of :data:`mnbench.datasets.DATASETS`, or the description of a study's own.
        part: the official training part or the official test part.
        root: the folder of the data sets that are downloaded.
        download: whether files that are missing or altered may be downloaded into *root*.

    Raises:
        UserError: the name is unknown; a file is missing, truncated or altered; downloading fails.
    """
    entry = dataset(name)
    if entry.folder is not None:
        return read_folder(entry.folder, part, entry.content)
    if entry.name in NAMES:
        return load_bundled(folder_of(entry.name), NAMES[entry.name][part])
    return load_downloaded(SOURCES[entry.name], part, root, download)


def load_train(name: str | Dataset, *, root: Path, download: bool) -> Images:
    """Read the official training part: see :func:`load`."""
    return load(name, part="train", root=root, download=download)


def load_test(name: str | Dataset, *, root: Path, download: bool) -> Images:
    """Read the official test part: see :func:`load`. For :mod:`mnbench.datasets.prepare`."""
    return load(name, part="test", root=root, download=download)


def check_available(name: str | Dataset, root: Path, download: bool) -> None:
    """Check, in milliseconds and without torch, that a data set's files are present.

    Images of a folder that has not been looked at before are read, which takes longer.
    A wrong data root then stops a run before any training. :func:`load` checks the files' content.

    Raises:
        UserError: the name is unknown; a file is missing or truncated and must not be downloaded.
    """
    entry = dataset(name)
    if entry.folder is not None:
        look_at(entry.folder)
    elif entry.name in NAMES:
        check_bundled(folder_of(entry.name))
    else:
        check_downloaded(SOURCES[entry.name], root, download)
