"""Table ``histories``: every epoch of every training.

Open it for the numbers behind training curves. The trap: epochs are counted within a record, so
those of a hatched network begin at 1 again.
"""

import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.networks import IDENTITY, identity
from mnbench.records.record import HISTORY_COLUMNS
from mnbench.records.refusal import Unreadable
from mnbench.records.store import RecordStore

TITLE = "Every epoch of every training"

COLUMNS = {**IDENTITY, **HISTORY_COLUMNS}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every epoch of every readable record."""
    return of_records(results.store)


def of_records(store: RecordStore) -> pd.DataFrame:
    """Return the table from records alone, which a process of its own can do."""
    frames = []
    for id in store.plan.trainings:
        try:
            rows = store.history(id)
            if len(rows):  # an untrained MotherNet has none, and columns of no type
                frames.append(rows.assign(**identity(id, store))[list(COLUMNS)])
        except Unreadable:
            raise
        except UserError:  # named where ensembles are evaluated
            continue
    if not frames:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(frames, ignore_index=True)
