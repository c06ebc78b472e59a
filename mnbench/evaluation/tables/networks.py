"""Table ``networks``: every training, by itself and with its ancestors.

Open it to see what a single training cost. The trap: lineages share ancestors, so a sum of
``lineage_`` columns counts a MotherNet once for every member.
"""

from typing import Any

import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import SETTING, WORK, frame
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import TrainingRecipe
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import RECORD, Cost
from mnbench.records.refusal import Unreadable
from mnbench.records.store import RecordStore
from mnbench.training.stopping import ended_by

TITLE = "Every training: its own cost, its cost with ancestors, its networks' own error"

SUMMED = tuple(name for name in WORK if name != "peak_memory_bytes")
IDENTITY = {
    **SETTING,
    "seed": "seed of the repetition",
    "approach": "how the networks were trained",
    "record": "id of the record, its folder below records/",
    "name": "last part of the id",
    "role": "member or mothernet",
}
REPEATED = {
    "repeated_examples": "training examples seen again after interruptions, not among examples",
    "repeated_training_flops": "FLOPs that interruptions made necessary again, not among "
    "training_flops",
}
NOISE = {
    "error_before_noise": "hatched networks only: validation error rate as hatched, which is its "
    "parent's, fraction; empty in records of former versions, as is the next",
    "error_after_noise": "the same with the noise, and with what else breaks the symmetry, where "
    "its own training begins",
}
COLUMNS = {
    **IDENTITY,
    "networks": 'names of its networks, joined by "+"',
    "parents": "ids of the records it started from, joined by a space",
    "test_error": "test error rate, mean over its networks, fraction",
    "validation_error": "validation error rate, mean over its networks, fraction",
    "ended": "what ended the training: epochs (a fixed number), rule (of convergence), or cap "
    "(max_epochs, before the rule)",
    **NOISE,
    **WORK,
    **REPEATED,
    **{f"lineage_{name}": f"{name}, with all its ancestors', each once" for name in SUMMED},
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every readable record.

    The cost columns are the record's own work; those named ``lineage_`` include its ancestors'.
    """
    return of_records(results.store)


def of_records(store: RecordStore) -> pd.DataFrame:
    """Return the table from records alone, which a process of its own can do."""
    rows = []
    for id in store.plan.trainings:
        try:
            rows.append(_row(id, store))
        except Unreadable:
            raise
        except UserError:  # named where ensembles are evaluated
            continue
    return frame(rows, COLUMNS)


def identity(id: TrainingId, store: RecordStore) -> dict[str, Any]:
    """Return what names a record; record.json holds the training's seed, not the repetition's."""
    return id._asdict() | {"record": str(id), "role": store.record(id).role}


def _row(id: TrainingId, store: RecordStore) -> dict[str, Any]:
    record = store.record(id)
    with_ancestors = _work(store.cost(store.plan.lineage([id])))
    return {
        **identity(id, store),
        "networks": "+".join(network["name"] for network in record.networks),
        "parents": " ".join(map(str, record.parents)),
        "test_error": _mean_error(id, store.evaluated_on, store),
        "validation_error": _mean_error(id, "validation", store),
        "ended": _ended(id, store),
        **{name: _measured(record.details.get(name)) for name in NOISE},
        **_work(store.cost([id])),
        **{name: getattr(record.cost, name) for name in REPEATED},
        **{f"lineage_{name}": with_ancestors[name] for name in SUMMED},
    }


def _ended(id: TrainingId, store: RecordStore) -> str:
    record = store.record(id)
    if record.recipe.get("protocol") != "convergence":
        return "epochs"  # and its history need not be read
    source = str(store.directory(id) / RECORD)
    recipe = parse(TrainingRecipe, record.recipe, source=source, key="recipe")
    return ended_by(recipe, list(store.history(id)["train_accuracy"]))


def _mean_error(id: TrainingId, split: str, store: RecordStore) -> float:
    predictions = store.predictions(id, split)
    return float((predictions.logits.argmax(axis=-1) != predictions.labels).mean())


def _measured(value: Any) -> float:
    """Return a number of a record's details, NaN without one: any program may write these."""
    return float(value) if isinstance(value, int | float) else float("nan")


def _work(cost: Cost) -> dict[str, Any]:
    return {name: getattr(cost, name) for name in WORK}
