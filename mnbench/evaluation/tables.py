"""Tidy tables of a study, computed from its records alone.

``summary`` has a row an ensemble, ``networks`` a row a record, ``histories`` a row an epoch of a
record. Errors and accuracies are fractions, times are seconds.
"""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation import metrics
from mnbench.evaluation.store import RETRAIN, RecordStore
from mnbench.plan import Ensemble
from mnbench.records import HISTORY, HISTORY_COLUMNS, RECORD, Cost

COST_COLUMNS: dict[str, str] = {
    "epochs": "passes over the training set, summed over all trainings billed",
    "examples": "training examples seen, summed over all trainings billed",
    "training_flops": "floating-point operations of training, by formula",
    "cpu_seconds": "process CPU time of the training steps",
    "device_seconds": "wall time that the training steps held the device",
    "peak_memory_bytes": "largest peak memory of any job billed (device memory on a GPU, "
    "resident memory on a CPU)",
}

SUMMARY_COLUMNS: dict[str, str] = {
    "dataset": "data set",
    "ensemble": "name of the ensemble's architectures",
    "seed": "seed of the repetition",
    "approach": "how the networks were trained",
    "g": "number of clusters (MotherNets only)",
    "budget": "multiple of the epochs that the approach's trainings have at budget 1",
    "size": "number of networks that answer",
    "test_error": "test error rate of the averaged softmax outputs, fraction",
    "mean_member_error": "mean over the networks of their own test error rates, fraction",
    "negative_log_likelihood": "mean negative log-likelihood of the averaged softmax outputs on "
    "the test set, nats",
    "calibration_error": "expected calibration error of the averaged softmax outputs on the test "
    "set (15 equal-width bins), fraction",
    "disagreement": "fraction of test images on which two networks predict different classes, mean "
    "over all pairs; empty for one network",
    **COST_COLUMNS,
    "trainings": "number of records billed: the members' and all their ancestors', each once",
}

_WHERE_COLUMNS = ("dataset", "ensemble", "seed", "approach")
_ADDITIVE = ("epochs", "examples", "training_flops", "cpu_seconds", "device_seconds")

NETWORKS_COLUMNS: dict[str, str] = {
    **{column: SUMMARY_COLUMNS[column] for column in _WHERE_COLUMNS},
    "record": "id of the record",
    "name": "last part of the id",
    "role": "member or mothernet",
    "networks": 'names of its networks, joined by "+"',
    "parents": "ids of the records it started from, joined by a space",
    "test_error": "test error rate, mean over its networks, fraction",
    "validation_error": "validation error rate, mean over its networks, fraction",
    **COST_COLUMNS,
    **{
        f"lineage_{column}": f"{column}, with all its ancestors', each once" for column in _ADDITIVE
    },
}
HISTORIES_COLUMNS = (*_WHERE_COLUMNS, "record", "name", "role", *HISTORY_COLUMNS)


def summary(store: RecordStore) -> pd.DataFrame:
    """Evaluate every planned ensemble: one row each, columns :data:`SUMMARY_COLUMNS`.

    Raises:
        UserError: a record is unreadable or is not what the plan says.
    """
    rows = [_evaluate(ensemble, store) for ensemble in store.plan.ensembles]
    return _typed(pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS)))


def networks(store: RecordStore) -> pd.DataFrame:
    """Evaluate every planned record by itself: one row each, columns :data:`NETWORKS_COLUMNS`.

    The cost columns are the record's own; those named ``lineage_`` include its ancestors'.

    Raises:
        UserError: a record is unreadable or is not what the plan says.
    """
    rows = [_describe(record, store) for record in store.plan.trainings]
    return pd.DataFrame(rows, columns=list(NETWORKS_COLUMNS))


def histories(store: RecordStore) -> pd.DataFrame:
    """Gather the records' histories: one row an epoch, columns :data:`HISTORIES_COLUMNS`.

    Raises:
        UserError: a history is unreadable or lacks a column.
    """
    return pd.concat(
        [_history(record, store) for record in store.plan.trainings], ignore_index=True
    )


def select(frame: pd.DataFrame, dataset: str, ensemble: str) -> pd.DataFrame:
    """Return the rows of one data set and ensemble, such as a figure takes."""
    chosen = (frame["dataset"] == dataset) & (frame["ensemble"] == ensemble)
    return frame[chosen].reset_index(drop=True)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV that :func:`read_table` gives back unchanged."""
    frame.to_csv(path, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that :func:`write_table` wrote.

    Raises:
        UserError: the file is missing or no table of this module.
    """
    try:
        frame = _typed(pd.read_csv(path))
        _require(frame, _WHERE_COLUMNS)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: not a readable table ({_reason(error)}); delete it and run snakemake again"
        ) from error
    if "parents" in frame:  # CSV does not tell an empty text from a missing one
        frame["parents"] = frame["parents"].fillna("").astype(str)
    return frame


def _evaluate(row: Ensemble, store: RecordStore) -> dict[str, Any]:
    first = store.directory(row.members[0]) / RECORD
    predictions = [store.predictions(member, "test") for member in row.members]
    for member, other in zip(row.members, predictions, strict=True):
        if other.logits.shape[-1] != predictions[0].logits.shape[-1]:
            raise UserError(
                f"{store.directory(member) / RECORD}: its networks tell "
                f"{other.logits.shape[-1]} classes apart, those of {first} "
                f"{predictions[0].logits.shape[-1]}; {RETRAIN}"
            )
    logits = np.concatenate([one.logits for one in predictions])
    if len(logits) != row.size:
        last = store.directory(row.members[-1]) / RECORD
        raise UserError(
            f"{last}: with it the ensemble {row.dataset}/{row.ensemble}/{row.approach} has "
            f"{len(logits)} networks, but the plan says {row.size}; {RETRAIN}"
        )
    labels = predictions[0].labels
    probabilities = metrics.average_probabilities(logits)
    lineage = store.lineage(row.members)
    return {
        **{column: getattr(row, column) for column in (*_WHERE_COLUMNS, "g", "budget", "size")},
        "test_error": metrics.error_rate(probabilities, labels),
        "mean_member_error": float(metrics.member_error_rates(logits, labels).mean()),
        "negative_log_likelihood": metrics.negative_log_likelihood(logits, labels),
        "calibration_error": metrics.calibration_error(probabilities, labels),
        "disagreement": metrics.disagreement(logits),
        **_cost(store.cost(lineage)),
        "trainings": len(lineage),
    }


def _describe(record: str, store: RecordStore) -> dict[str, Any]:
    content = store.record(record)
    with_ancestors = _cost(store.cost(store.lineage([record])))
    return {
        **_where(record),
        "role": content.role,
        "networks": "+".join(network["name"] for network in content.networks),
        "parents": " ".join(content.parents),
        **{f"{split}_error": _mean_error(record, split, store) for split in ("test", "validation")},
        **_cost(content.cost),
        **{f"lineage_{column}": with_ancestors[column] for column in _ADDITIVE},
    }


def _history(record: str, store: RecordStore) -> pd.DataFrame:
    path = store.directory(record) / HISTORY
    role = store.record(record).role
    try:
        rows = pd.read_csv(path)
        _require(rows, HISTORY_COLUMNS)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable history ({_reason(error)}); {RETRAIN}") from error
    return rows.assign(**_where(record), role=role)[list(HISTORIES_COLUMNS)]


def _where(record: str) -> dict[str, Any]:
    """Split a record's id; its record.json holds the training's seed, not the repetition's."""
    dataset, ensemble, seed, approach, name = record.split("/")
    return {
        "dataset": dataset,
        "ensemble": ensemble,
        "seed": int(seed.removeprefix("seed")),
        "approach": approach,
        "record": record,
        "name": name,
    }


def _mean_error(record: str, split: str, store: RecordStore) -> float:
    predictions = store.predictions(record, split)
    return float(metrics.member_error_rates(predictions.logits, predictions.labels).mean())


def _cost(cost: Cost) -> dict[str, Any]:
    """Name a cost's values as the tables do: ``flops`` says there whose they are."""
    values = {field.name: getattr(cost, field.name) for field in fields(cost)}
    values["training_flops"] = values.pop("flops")
    return values


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep g a whole number although most approaches have none."""
    return frame.astype({"g": "Int64"}) if "g" in frame else frame


def _require(frame: pd.DataFrame, columns: Iterable[str]) -> None:
    if missing := [column for column in columns if column not in frame]:
        raise ValueError(f"column '{missing[0]}' is missing")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
