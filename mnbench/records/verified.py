"""Which files of a study's records were compared with their checksums, and not written since.

Finding out whether a study of ten thousand records is complete would else read all of them, each
time that Snakemake starts. Open it when that takes long. The trap: a file counts as unchanged while
its size, its times and its number on the disk do. A disk that alters bits by itself changes none of
them; so whoever *uses* a file compares it in full.
"""

import json
from pathlib import Path

from mnbench.files import read_json, write_text
from mnbench.records.checksums import check_file
from mnbench.records.record import FILES, Record


class Verified:
    """Fingerprints that files had when they last agreed with their record's checksums."""

    def __init__(self, file: Path | None = None) -> None:
        """Read the fingerprints of a former run.

        Args:
            file: where they are kept; None keeps none, and every check reads every file.
        """
        self._file = file
        self._known: dict[str, list[int | str]] = {}
        self._changed = False
        try:
            content = read_json(file) if file else {}
            self._known = content if isinstance(content, dict) else {}
        except (OSError, ValueError):
            pass  # the next save writes it anew

    def check(self, directory: Path, record: Record) -> None:
        """Check that the files beside ``record.json`` are those that it was written with.

        Raises:
            UserError: a file is missing, altered or of another record.
        """
        for name in FILES[1:]:
            path = directory / name
            fingerprint = _fingerprint(path, record.checksums.get(name, ""))
            if fingerprint is None or self._known.get(str(path)) != fingerprint:
                check_file(directory, record, name)
            if fingerprint and self._known.get(str(path)) != fingerprint:
                self._known[str(path)] = fingerprint
                self._changed = True

    def save(self) -> None:
        """Keep the fingerprints for the next run.

        Raises:
            UserError: the file cannot be written.
        """
        if self._file and self._changed:
            write_text(self._file, json.dumps(self._known))


def _fingerprint(path: Path, checksum: str) -> list[int | str] | None:
    """Return what changes whenever a file is written; None where there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, checksum]
