"""Tidy tables of a study, computed from its records alone.

``summary`` has a row an ensemble, ``networks`` a row a record, ``histories`` a row an epoch of a
record. Errors and accuracies are fractions, times are seconds. What cannot be read is left out, and
told by :func:`mnbench.evaluation.ensembles.evaluate`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.ensembles import AVERAGE, MEASURES, Evaluation
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import HISTORY_COLUMNS, Cost
from mnbench.records.store import RecordStore

COST_COLUMNS: dict[str, str] = {
    "epochs": "passes over the training set, summed over all trainings billed",
    "examples": "training examples seen, summed over all trainings billed",
    "training_flops": "floating-point operations of training, by formula",
    "cpu_seconds": "process CPU time of the training steps",
    "device_seconds": "wall time that the training steps held the device",
    "peak_memory_bytes": "largest peak memory of any job billed (device memory on a GPU, "
    "resident memory on a CPU)",
    "shared_device": "whether other jobs had over a quarter of the device while it trained, as far "
    "as could be seen, so that the seconds are no timing",
}

SUMMARY_COLUMNS: dict[str, str] = {
    "dataset": "data set",
    "architecture_set": "name of the ensemble's architectures",
    "seed": "seed of the repetition",
    "approach": "how the networks were trained",
    "g": "number of clusters (MotherNets only)",
    "budget": "multiple of the epochs that the approach's trainings have at budget 1",
    "size": "number of networks that answer",
    "full_size": "whether the plan has no larger ensemble of this approach",
    **MEASURES,
    "temperature": "that minimises the negative log-likelihood on the validation images",
    "vote_error": "test error rate of the majority vote, ties broken by the summed softmax outputs",
    "super_learner_error": "test error rate of the average with weights fitted on the validation "
    "images",
    "oracle_error": "fraction of test images on which every network is wrong",
    **COST_COLUMNS,
    "trainings": "number of records billed: the members' and all their ancestors', each once",
}

OTHER_RULES = ("vote", "super_learner", "oracle")
_WHERE_COLUMNS = ("dataset", "architecture_set", "seed", "approach")
_SUMMED = (
    "epochs",
    "examples",
    "training_flops",
    "cpu_seconds",
    "device_seconds",
    "shared_device",
)

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
    **{f"lineage_{column}": f"{column}, with all its ancestors', each once" for column in _SUMMED},
}
HISTORIES_COLUMNS = (*_WHERE_COLUMNS, "record", "name", "role", *HISTORY_COLUMNS)


def summary(evaluation: Evaluation) -> pd.DataFrame:
    """One row for every evaluated ensemble, columns :data:`SUMMARY_COLUMNS`.

    Errors and the like are those of the averaged softmax outputs unless a column says otherwise.
    """
    rows = [
        {
            **{key: getattr(one.ensemble, key) for key in (*_WHERE_COLUMNS, "g", "budget", "size")},
            "full_size": one.full_size,
            **{measure: one.values[AVERAGE, measure] for measure in MEASURES},
            "temperature": one.temperature,
            **{f"{rule}_error": one.values[rule, "test_error"] for rule in OTHER_RULES},
            **_cost(one.cost),
            "trainings": one.trainings,
        }
        for one in evaluation.evaluated
    ]
    return _typed(pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS)))


def networks(store: RecordStore) -> pd.DataFrame:
    """Evaluate every record by itself: one row each, columns :data:`NETWORKS_COLUMNS`.

    The cost columns are the record's own; those named ``lineage_`` include its ancestors'.
    """
    rows = _readable(store, lambda record: _describe(record, store))
    return pd.DataFrame(rows, columns=list(NETWORKS_COLUMNS))


def histories(store: RecordStore) -> pd.DataFrame:
    """Gather the records' histories: one row an epoch, columns :data:`HISTORIES_COLUMNS`."""
    frames = _readable(store, lambda record: _history(record, store))
    if not frames:
        return pd.DataFrame(columns=list(HISTORIES_COLUMNS))
    return pd.concat(frames, ignore_index=True)


def _readable(store: RecordStore, read: Callable[[TrainingId], Any]) -> list[Any]:
    """Read every record that can be."""
    found = []
    for record in store.plan.trainings:
        try:
            found.append(read(record))
        except UserError:  # told where ensembles are evaluated
            continue
    return found


def select(frame: pd.DataFrame, dataset: str, architecture_set: str) -> pd.DataFrame:
    """Return the rows of one data set and ensemble, such as a figure takes."""
    chosen = (frame["dataset"] == dataset) & (frame["architecture_set"] == architecture_set)
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
        _require(frame, _WHERE_COLUMNS[:2])
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: not a readable table ({_reason(error)}); delete it and run snakemake again"
        ) from error
    if "parents" in frame:  # CSV does not tell an empty text from a missing one
        frame["parents"] = frame["parents"].fillna("").astype(str)
    return frame


def _describe(record: TrainingId, store: RecordStore) -> dict[str, Any]:
    content = store.record(record)
    with_ancestors = _cost(store.cost(store.plan.lineage([record])))
    return {
        **_where(record),
        "role": content.role,
        "networks": "+".join(network["name"] for network in content.networks),
        "parents": " ".join(map(str, content.parents)),
        **{f"{split}_error": _mean_error(record, split, store) for split in ("test", "validation")},
        **_cost(content.cost),
        **{f"lineage_{column}": with_ancestors[column] for column in _SUMMED},
    }


def _history(record: TrainingId, store: RecordStore) -> pd.DataFrame:
    rows = store.history(record)
    return rows.assign(**_where(record), role=store.record(record).role)[list(HISTORIES_COLUMNS)]


def _where(record: TrainingId) -> dict[str, Any]:
    """Name the parts of a record's id, and the id, as the tables do."""
    return record._asdict() | {"record": str(record)}


def _mean_error(record: TrainingId, split: str, store: RecordStore) -> float:
    predictions = store.predictions(record, split)
    return float((predictions.logits.argmax(axis=-1) != predictions.labels).mean())


def _cost(cost: Cost) -> dict[str, Any]:
    """Name a cost's values as the tables do."""
    return {column: getattr(cost, column) for column in COST_COLUMNS}


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep g a whole number although most approaches have none."""
    return frame.astype({"g": "Int64"}) if "g" in frame else frame


def _require(frame: pd.DataFrame, columns: Iterable[str]) -> None:
    if missing := [column for column in columns if column not in frame]:
        raise ValueError(f"column '{missing[0]}' is missing")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
