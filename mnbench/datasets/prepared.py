"""Whether a study's stored images are those that it asks for, to the last bit.

Beside ``train.npz`` and ``test.npz`` (and ``development.npz``, if a study has such images) lies
``data.json``: which data set, how many images, and the files' checksums. Open it when images are
stored again that were there. The trap: the check reads the files whole; it is made once a job, not
once an epoch.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnbench.errors import UserError, cause
from mnbench.files import read_json, sha256, write_text

NOTE, TRAIN, TEST = DATA_FILES = "data.json", "train.npz", "test.npz"
DEVELOPMENT = "development.npz"  # only of a study that has development images
_AGAIN = "run snakemake, which stores the images again"


def write_note(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Write ``data.json``, last, when the files are there.

    Args:
        folder: of the three files.
        wanted: the data set's name and the numbers of images, as a plan has them.

    Raises:
        UserError: the file cannot be written.
    """
    sums = {name: sha256(folder / name) for name in _files(wanted)}
    write_text(folder / NOTE, json.dumps({**wanted, "checksums": sums}, indent=2) + "\n")


def _files(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the files with images."""
    return (TRAIN, TEST, DEVELOPMENT) if wanted.get("development_images") else (TRAIN, TEST)


def check_prepared(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Check that the files are there, unaltered, and of the numbers of images that a plan has.

    Raises:
        UserError: they are not.
    """
    note = folder / NOTE
    try:
        content = read_json(note)
        sums = content.pop("checksums")
        if content != dict(wanted):
            raise UserError(f"{note}: is of {content}, but the plan says {dict(wanted)}; {_AGAIN}")
        for name in _files(wanted):
            if sha256(folder / name) != sums[name]:
                raise UserError(
                    f"{folder / name}: not readable data (altered since it was written); {_AGAIN}"
                )
    except OSError as error:
        raise UserError(f"{error.filename}: is missing ({error.strerror}); {_AGAIN}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{note}: not readable ({cause(error)}); {_AGAIN}") from error
