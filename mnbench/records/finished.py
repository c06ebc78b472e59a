"""Copies of finished trainings' ``record.json``: no output of any rule, so that none is removed.

``record.json`` is what Snakemake knows of a record. A cluster runs several trainings in one job.
When that job fails, is requeued or runs again, Snakemake removes the ``record.json`` of all of
them, of those that had finished too. Their other files stay, and with the copy the record is whole.

Open it when a training runs again though it had finished. The trap: a copy says nothing by itself.
It counts only with the files that it has the checksums of, and for the recipe that is planned.
"""

import os
from pathlib import Path

from mnbench.errors import UserError
from mnbench.files import only_a_file, write_text
from mnbench.planning.lineage import Training
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD, read_record_file
from mnbench.records.refusal import Unreadable
from mnbench.records.validity import check_planned
from mnbench.records.verified import Verified


def keep_copy(paths: StudyPaths, training: Training, record_file: Path) -> None:
    """Write the copy; best before ``record.json`` is at its place, where it may be removed.

    Raises:
        UserError: the copy cannot be written.
    """
    copy = paths.finished(training.id)
    only_a_file(copy)
    write_text(copy, record_file.read_text(encoding="utf-8"))


def bring_back(paths: StudyPaths, training: Training) -> None:
    """Put a ``record.json`` that was removed back, if the record is then valid.

    Raises:
        UserError: the file cannot be written, or another one cannot be read now.
    """
    directory, copy = paths.record(training.id), paths.finished(training.id)
    if os.path.lexists(directory / RECORD):  # whatever it is, nobody has removed it
        return
    try:
        Verified().check(directory, check_planned(read_record_file(copy), training, copy))
    except Unreadable:
        raise
    except UserError:  # there is no copy, or it is of other files or another recipe
        return
    write_text(directory / RECORD, copy.read_text(encoding="utf-8"))
