"""Whether a study's stored images are those that it asks for, to the last bit.

Beside ``train.npz`` and ``test.npz`` lies ``data.json``: which data set, how many images, and both
files' checksums. Open it when images are stored again that were there. The trap: the check reads
both files whole; it is made once a job, not once an epoch.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnbench.errors import UserError
from mnbench.files import read_json, sha256, write_text

NOTE, TRAIN, TEST = DATA_FILES = "data.json", "train.npz", "test.npz"
_AGAIN = "run snakemake, which stores the images again"


def write_note(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Write ``data.json``, last, when both files are there.

    Args:
        folder: of the three files.
        wanted: the data set's name and the numbers of images, as a plan has them.

    Raises:
        UserError: the file cannot be written.
    """
    sums = {name: sha256(folder / name) for name in (TRAIN, TEST)}
    write_text(folder / NOTE, json.dumps({**wanted, "checksums": sums}, indent=2) + "\n")


def check_prepared(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Check that both files are there, unaltered, and of the numbers of images that a plan has.

    Raises:
        UserError: they are not.
    """
    note = folder / NOTE
    try:
        content = read_json(note)
        sums = content.pop("checksums")
        if content != dict(wanted):
            raise UserError(f"{note}: is of {content}, but the plan says {dict(wanted)}; {_AGAIN}")
        for name in (TRAIN, TEST):
            if sha256(folder / name) != sums[name]:
                raise UserError(
                    f"{folder / name}: not readable data (altered since it was written); {_AGAIN}"
                )
    except OSError as error:
        raise UserError(f"{error.filename}: is missing ({error.strerror}); {_AGAIN}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(f"{note}: not readable ({reason}); {_AGAIN}") from error
