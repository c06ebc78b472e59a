"""Reading a plan's records: each once, and each checked against the plan and the others."""

from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from mnbench.errors import UserError
from mnbench.planning.plan import Plan
from mnbench.records.record import (
    HISTORY,
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    RETRAIN,
    WEIGHTS,
    Cost,
    Predictions,
    Record,
    check_file,
    lineage_of,
    read_labels,
    read_predictions,
    read_record,
)

MOST_KEPT = 256  # records' log-probabilities: 0.2 GB for 10,000 images of 10 classes


class RecordStore:
    """The records of a plan, read when first asked for and kept."""

    def __init__(self, plan: Plan, root: Path):
        """Open the store.

        Args:
            plan: what the records ought to be.
            root: the folder below which a record's id is its path.
        """
        self.plan, self.root = plan, root
        self._parents = plan.parents
        # Kept per store rather than per process: another store may look at another folder.
        self.record = cache(self._record)
        self.predictions = cache(self._predictions)
        self.labels = cache(self._labels)
        # An ensemble of many networks is evaluated at every size: a record is asked for often.
        self.log_probabilities = lru_cache(MOST_KEPT)(self._log_probabilities)

    def directory(self, record: str) -> Path:
        """Return the folder of a record."""
        return self.root / record

    def lineage(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return *ids* and their ancestors, each once, ancestors first."""
        return lineage_of(ids, self._parents)

    def cost(self, ids: Iterable[str]) -> Cost:
        """Return the summed own cost of *ids*; pass a lineage to price an ensemble."""
        return sum((self.record(record).cost for record in ids), Cost())

    def history(self, record: str) -> pd.DataFrame:
        """Read a record's history: a row an epoch, columns ``records.HISTORY_COLUMNS``.

        Raises:
            UserError: the record is refused, the file unreadable, or a column is missing.
        """
        path = self.directory(record) / HISTORY
        self.record(record)
        try:
            rows = pd.read_csv(path)
            if missing := [column for column in HISTORY_COLUMNS if column not in rows]:
                raise ValueError(f"column '{missing[0]}' is missing")
        except (OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            raise UserError(f"{path}: not a readable history ({reason}); {RETRAIN}") from error
        return rows[list(HISTORY_COLUMNS)]

    def _record(self, record: str) -> Record:
        """Read a record.

        Raises:
            UserError: unreadable, a file is missing or altered, or not what the plan means.
        """
        path = self.directory(record) / RECORD
        content = read_record(path.parent)
        if content.id != record:
            raise UserError(
                f"{path}: key 'id': '{content.id}' does not match its folder '{record}'; {RETRAIN}"
            )
        if content.parents != self._parents[record]:
            raise UserError(
                f"{path}: key 'parents': {list(content.parents)}, but the plan says "
                f"{list(self._parents[record])}; {RETRAIN}"
            )
        if content.recipe_hash != self.plan.trainings[record].recipe_hash:
            raise UserError(
                f"{path}: key 'recipe_hash': trained by another recipe than the plan's; {RETRAIN}"
            )
        self._check_files(path.parent, content)
        return content

    @staticmethod
    def _check_files(directory: Path, record: Record) -> None:
        """Refuse a record of which a file is missing, altered or of another record.

        The weights, which may be large, are checked by whoever loads them; here they must be there.
        """
        for name in (HISTORY, PREDICTIONS):
            check_file(directory, record, name)
        if not (directory / WEIGHTS).is_file():
            raise UserError(f"{directory / WEIGHTS}: is missing; {RETRAIN}")

    def _predictions(self, record: str, split: str) -> Predictions:
        """Read a record's predictions on *split* ("validation" or "test").

        Raises:
            UserError: the record is refused, its predictions are unreadable, not of as many
                networks as it names, or of other labels than most records of the data set.
        """
        path = self.directory(record) / PREDICTIONS
        content = self.record(record)
        predictions = read_predictions(path.parent, split)
        named = len(content.networks)
        if len(predictions.logits) != named:
            raise UserError(
                f"{path}: key '{split}_logits': {len(predictions.logits)} networks, but "
                f"{RECORD} names {named}; {RETRAIN}"
            )
        if not np.array_equal(predictions.labels, self.labels(record.split("/")[0], split)):
            raise UserError(
                f"{path}: key '{split}_labels': other labels than most records of the data set "
                f"have, so that they cannot be compared; {RETRAIN}"
            )
        return predictions

    def _log_probabilities(self, record: str, split: str) -> np.ndarray:
        """Compute the log-softmax of a record's logits: float64 ``(networks, images, classes)``."""
        return log_softmax(self.predictions(record, split).logits.astype(np.float64), axis=-1)

    def _labels(self, dataset: str, split: str) -> np.ndarray:
        """Return the labels that most of a data set's records have: one wrong record is outvoted.

        Raises:
            UserError: no record has any.
        """
        known: dict[bytes, np.ndarray] = {}
        counts: Counter[bytes] = Counter()
        refusal = None
        for record in self.plan.trainings:
            if record.split("/")[0] != dataset:
                continue
            try:
                labels = read_labels(self.directory(record), split)
            except UserError as error:  # said when the record itself is asked for
                refusal = refusal or error
                continue
            counts[labels.tobytes()] += 1
            known[labels.tobytes()] = labels
        if not counts:
            raise refusal or UserError(f"{self.root}: no record of '{dataset}'; run snakemake")
        return known[counts.most_common(1)[0][0]]
