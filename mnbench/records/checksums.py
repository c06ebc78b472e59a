"""Checksums: whether a record's files are those that it was written with.

Open it when a record is refused as altered. The trap: a record without checksums is accepted, since
other programs may write records.
"""

from pathlib import Path

from mnbench.errors import UserError
from mnbench.files import sha256
from mnbench.records.record import FILES, RECORD, Record
from mnbench.records.refusal import RETRAIN, cannot_read


def checksums(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of the files beside ``record.json``, by name."""
    return {name: sha256(directory / name) for name in FILES if name != RECORD}


def check_file(directory: Path, record: Record, name: str) -> None:
    """Check that a file is the one that its record was written with.

    Raises:
        UserError: the file is missing, or its checksum is not the one in ``record.json``.
    """
    path = directory / name
    try:
        checksum = sha256(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    if record.checksums.get(name, checksum) != checksum:
        raise UserError(
            f"{path}: is not the file that this record was written with (key 'checksums' of "
            f"{RECORD}): altered, or of another record; {RETRAIN}"
        )
