"""Reading a plan's records: each once, and each checked against the plan and the others.

Open it to read records for a table. The trap: a record that is there may still be refused, since it
must be what the plan means today.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import check_file
from mnbench.records.predictions import Predictions, read_labels, read_predictions
from mnbench.records.record import (
    HISTORY,
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    Cost,
    Record,
    read_record,
)
from mnbench.records.refusal import RETRAIN, Unreadable, cannot_read, reason
from mnbench.records.upgrade import present_columns
from mnbench.records.validity import check_planned

MAXIMUM_KEPT = 256  # records' predictions: 0.3 GB for 10,000 images of 10 classes


class RecordStore:
    """The records of a plan, read when first asked for and kept."""

    def __init__(
        self,
        plan: Plan,
        root: Path,
        evaluated_on: str = TEST_SET,
        elsewhere: Mapping[TrainingId, Path] | None = None,
    ):
        """Open the store.

        Args:
            plan: what the records ought to be.
            root: the folder below which a record's id is its path.
            evaluated_on: the set that ensembles are evaluated on, of ``plan.evaluation_sets``.
            elsewhere: the folder instead of *root*, of each record that lies in another one
                (:mod:`mnbench.records.folders`).
        """
        self.plan, self.root, self.evaluated_on = plan, root, evaluated_on
        self.elsewhere = dict(elsewhere or {})
        # Kept per store rather than per process: another store may look at another folder.
        self._content = cache(lambda id: read_record(self.directory(id)))
        self.record = cache(self._record)
        self.predictions = lru_cache(MAXIMUM_KEPT)(self._predictions)
        self.labels = cache(self._labels)
        # An ensemble of many networks is evaluated at every size: a record is asked for often.
        self.log_probabilities = lru_cache(MAXIMUM_KEPT)(self._log_probabilities)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens the store: without what this one has read."""
        return RecordStore, (self.plan, self.root, self.evaluated_on, self.elsewhere)

    @property
    def places(self) -> str:
        """The folders that records are read from, for a message."""
        return ", ".join(dict.fromkeys(map(str, (self.root, *self.elsewhere.values()))))

    def directory(self, id: TrainingId) -> Path:
        """Return the folder of a record."""
        return self.elsewhere.get(id, self.root) / id

    def cost(self, ids: Iterable[TrainingId]) -> Cost:
        """Return the summed own cost of *ids*; pass a lineage to price an ensemble.

        With a record of another device than most of the plan's have, or of two devices, the
        seconds are no timing: none of them count as held, as if the device had been shared.
        """
        ids = tuple(ids)
        costs = [self.record(id).cost for id in ids]
        cost = sum(costs, Cost())
        if any(own.is_of_two_devices for own in costs) or self.of_other_devices.intersection(ids):
            return replace(cost, held_seconds=0.0)
        return cost

    @cached_property
    def devices(self) -> Mapping[TrainingId, str]:
        """The device of each record that can be read, "cuda NVIDIA H100" for instance."""
        known = {}
        for id in self.plan.trainings:
            with suppress(UserError):
                made = self._content(id).environment
                known[id] = f"{made.get('device', '')} {made.get('device_name', '')}".strip()
        return known

    @cached_property
    def of_other_devices(self) -> frozenset[TrainingId]:
        """The records whose device is not the one that most records have."""
        if not self.devices:
            return frozenset()
        ((usual, _),) = Counter(self.devices.values()).most_common(1)
        return frozenset(id for id, device in self.devices.items() if device != usual)

    def history(self, id: TrainingId) -> pd.DataFrame:
        """Read a record's history: a row an epoch, columns ``records.HISTORY_COLUMNS``.

        Raises:
            UserError: the record is refused, the file unreadable, or a column is missing.
        """
        path = self.directory(id) / HISTORY
        self.record(id)
        try:
            rows = pd.read_csv(path)
            rows = rows.set_axis(present_columns(list(rows)), axis="columns")
            if missing := [column for column in HISTORY_COLUMNS if column not in rows]:
                raise ValueError(f"column '{missing[0]}' is missing")
        except OSError as error:
            raise cannot_read(path, error) from error
        except ValueError as error:
            raise UserError(
                f"{path}: not a readable history ({reason(error)}); {RETRAIN}"
            ) from error
        return rows[list(HISTORY_COLUMNS)]

    def _record(self, id: TrainingId) -> Record:
        """Read a record.

        Raises:
            UserError: unreadable, a file is missing or altered, or not what the plan means.
        """
        path = self.directory(id) / RECORD
        record = check_planned(self._content(id), self.plan.trainings[id], path)
        self._check_files(self.directory(id), record)
        return record

    @staticmethod
    def _check_files(directory: Path, record: Record) -> None:
        """Check that no file of a record is missing, altered or of another record.

        The weights may be large: they must exist, and the code that loads them checks the rest.
        """
        for name in (HISTORY, PREDICTIONS):
            check_file(directory, record, name)
        if not (directory / WEIGHTS).is_file():
            raise UserError(f"{directory / WEIGHTS}: is missing; {RETRAIN}")

    def _predictions(self, id: TrainingId, split: str) -> Predictions:
        """Read a record's predictions on *split* ("validation", "test" or "development").

        Raises:
            UserError: the record is refused, or its predictions are unreadable. Likewise when
                their number of networks is not the record's, or their labels are not those that
                most records of the data set have.
        """
        path = self.directory(id) / PREDICTIONS
        content = self.record(id)
        predictions = read_predictions(path.parent, split)
        named = len(content.networks)
        if len(predictions.logits) != named:
            raise UserError(
                f"{path}: key '{split}_logits': {len(predictions.logits)} networks, but "
                f"{RECORD} names {named}; {RETRAIN}"
            )
        if not np.array_equal(predictions.labels, self.labels(id.dataset, split)):
            raise UserError(
                f"{path}: key '{split}_labels': other labels than most records of the data set "
                f"have, so that they cannot be compared; {RETRAIN}"
            )
        return predictions

    def _log_probabilities(self, id: TrainingId, split: str) -> np.ndarray:
        """Return the log-softmax of a record's logits: float64 ``(networks, images, classes)``."""
        return log_softmax(self.predictions(id, split).logits.astype(np.float64), axis=-1)

    def _labels(self, dataset: str, split: str) -> np.ndarray:
        """Return the labels that most records of a data set have, ``(images,)``.

        One wrong record is outvoted by the others.

        Raises:
            UserError: no record of the data set has labels.
        """
        known: dict[bytes, np.ndarray] = {}
        counts: Counter[bytes] = Counter()
        refusal = None
        for id in self.plan.trainings:
            if id.dataset != dataset:
                continue
            try:
                labels = read_labels(self.directory(id), split)
            except Unreadable:
                raise
            except UserError as error:  # reported when the record itself is read
                refusal = refusal or error
                continue
            counts[labels.tobytes()] += 1
            known[labels.tobytes()] = labels
        if not counts:
            raise refusal or UserError(f"{self.places}: no record of '{dataset}'; run snakemake")
        return known[counts.most_common(1)[0][0]]
