"""Reading a plan's records: each once, and each checked against the plan."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from mnbench.errors import UserError
from mnbench.plan import Plan
from mnbench.records import (
    PREDICTIONS,
    RECORD,
    Cost,
    Predictions,
    Record,
    lineage_of,
    read_predictions,
    read_record,
)

RETRAIN = "delete the record's folder to train it again"


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
        self._labels: dict[tuple[str, str], tuple[np.ndarray, Path]] = {}
        # Kept per store rather than per process: another store may look at another folder.
        self.record = cache(self._record)
        self.predictions = cache(self._predictions)

    def directory(self, record: str) -> Path:
        """Return the folder of a record."""
        return self.root / record

    def lineage(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return *ids* and their ancestors, each once, ancestors first."""
        return lineage_of(ids, self._parents)

    def cost(self, ids: Iterable[str]) -> Cost:
        """Return the summed own cost of *ids*; pass a lineage to price an ensemble."""
        return sum((self.record(record).cost for record in ids), Cost())

    def _record(self, record: str) -> Record:
        """Read a record.

        Raises:
            UserError: unreadable, or not the record that the plan means.
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
        return content

    def _predictions(self, record: str, split: str) -> Predictions:
        """Read a record's predictions on *split* ("validation" or "test").

        Raises:
            UserError: unreadable, not as many networks as the record names, or other labels than
                the other records of the data set.
        """
        path = self.directory(record) / PREDICTIONS
        predictions = read_predictions(path.parent, split)
        named = len(self.record(record).networks)
        if len(predictions.logits) != named:
            raise UserError(
                f"{path}: key '{split}_logits': {len(predictions.logits)} networks, but "
                f"{RECORD} names {named}; {RETRAIN}"
            )
        dataset = record.split("/")[0]
        labels, first = self._labels.setdefault((dataset, split), (predictions.labels, path))
        if not np.array_equal(predictions.labels, labels):
            raise UserError(
                f"{path}: key '{split}_labels': other labels than in {first}, so the two cannot be "
                f"compared; {RETRAIN}"
            )
        return predictions
