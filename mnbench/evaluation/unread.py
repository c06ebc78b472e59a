"""Why ensembles of a study are missing, in as few lines as say it.

Open it to change what ``mnbench tables`` and ``mnbench compare`` say on standard error. The trap:
an ensemble is missing for the first of its records that cannot be read; others may hide behind it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mnbench.errors import UserError
from mnbench.records.record import RECORD
from mnbench.records.store import RecordStore

if TYPE_CHECKING:
    from mnbench.evaluation.evaluate import Missing


def reasons(missing: Sequence["Missing"], store: RecordStore) -> tuple[str, ...]:
    """Return why ensembles are missing: a line for each reason.

    Trainings that have no record at all are counted in one line, which comes first. Records that
    are there and cannot be used are named, each once.

    Args:
        missing: the ensembles.
        store: the records.
    """
    if not missing:
        return ()
    files = {id: store.directory(id) / RECORD for id in store.plan.trainings}
    absent = {id: str(file) for id, file in files.items() if not file.exists()}
    paths = set(absent.values())
    unusable = dict.fromkeys(
        one.reason for one in missing if one.reason.partition(": ")[0] not in paths
    )
    for id in files:
        if id not in absent:
            try:
                store.record(id)
            except UserError as error:
                unusable[str(error)] = None
    verb = "has" if len(absent) == 1 else "have"
    counted = f"{len(absent)} of {len(files)} trainings {verb} no record yet"
    counted = f"{store.places}: {counted}; run snakemake, which trains them"
    return (*([counted] if absent else []), *unusable)
