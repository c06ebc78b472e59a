"""A toy study's records on disk, made up: ancestors in every shape, and predictions of 8 images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from mnbench.architectures import Architecture, Layer, Plain
from mnbench.evaluation.evaluate import Evaluation, evaluate
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table_module
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.plan import Plan, union
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import checksums
from mnbench.records.predictions import write_predictions
from mnbench.records.record import (
    HISTORY_COLUMNS,
    PREDICTIONS,
    RECORD,
    WEIGHTS,
    Cost,
    Record,
    write_history,
)
from mnbench.records.store import RecordStore

HOME = ("toy", "pair", 7)
A, B = (TrainingId(*HOME, "full_data", name) for name in ("a", "b"))
MOTHER, A1, B1 = (TrainingId(*HOME, "mothernets", name) for name in ("mothernet", "a_g1", "b_g1"))
TREE = TrainingId(*HOME, "treenets", "tree2")
CYCLE1, CYCLE2 = (TrainingId(*HOME, "snapshot_ensembles", f"cycle{i}") for i in (1, 2))
COSTS = {  # epochs, examples, FLOPs, device-seconds, CPU-seconds, peak memory
    A: Cost(10, 1000, 100, 1.0, 2.0, 50),
    B: Cost(10, 1000, 300, 3.0, 6.0, 70),
    MOTHER: Cost(10, 1000, 80, 0.5, 1.0, 90),
    A1: Cost(2, 200, 20, 0.25, 0.5, 40),
    B1: Cost(3, 300, 90, 0.75, 1.5, 60),
    TREE: Cost(10, 1000, 350, 3.5, 7.0, 80),
    CYCLE1: Cost(4, 400, 40, 0.5, 1.0, 30),
    CYCLE2: Cost(4, 400, 40, 0.5, 1.25, 30),
}
PARENTS = {A1: (MOTHER,), B1: (MOTHER,), CYCLE2: (CYCLE1,)}
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])


def network(name: str) -> Architecture:
    return Architecture((Plain((Layer(8),)),), name=name)


def plan_of() -> Plan:
    trainings = [
        Training(
            record,
            "mothernet" if record == MOTHER else "member",
            (network("a"), network("b")) if record == TREE else (network(record.name),),
            {},
            seed=1234,
            data={"dataset": "toy"},
            parents=PARENTS.get(record, ()),
        )
        for record in COSTS
    ]
    row = ("toy", "pair", 7)
    ensembles = (
        Ensemble(*row, "full_data", 1, (A,)),
        Ensemble(*row, "full_data", 2, (A, B)),
        Ensemble(*row, "mothernets", 2, (A1, B1), g=1),
        Ensemble(*row, "mothernets", 2, (A, B), g=2),
        Ensemble(*row, "treenets", 2, (TREE,)),
        Ensemble(*row, "snapshot_ensembles", 2, (CYCLE1, CYCLE2)),
    )
    return Plan("toy", union(trainings), ensembles)


def write_records(root: Path) -> None:
    """Write every training's record below *root*."""
    rng = np.random.default_rng(0)
    for training in plan_of().trainings.values():
        folder = root / training.id
        folder.mkdir(parents=True)
        arrays = {}
        for split in ("validation", "test"):
            logits = rng.normal(size=(len(training.networks), LABELS.size, 3)).astype(np.float32)
            arrays |= {f"{split}_logits": logits, f"{split}_labels": LABELS}
        write_predictions(folder, **arrays)
        rows = [
            dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"epoch": i, "phase": "scratch"} for i in (1, 2)
        ]
        write_history(folder, rows)
        (folder / WEIGHTS).write_bytes(b"of no matter here")
        Record(
            id=training.id,
            approach=training.approach,
            role=training.role,
            networks=tuple(
                {"name": net.name, "id": net.id, "parameters": 9, "architecture": net.to_dict()}
                for net in training.networks
            ),
            dataset="toy",
            seed=training.seed,
            recipe={},
            recipe_hash=training.recipe_hash,
            parents=training.parents,
            cost=COSTS[training.id],
            checksums=checksums(folder),
        ).write(folder)


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_predictions(folder: Path, **changes) -> None:
    """Change arrays, and the checksums with them, as another program might have written them."""
    with np.load(folder / PREDICTIONS) as arrays:
        changed = {key: changes.get(key, lambda array: array)(arrays[key]) for key in arrays}
    write_predictions(folder, **changed)
    edit(folder / RECORD, checksums=checksums(folder))


def spoil_labels(records):
    change_predictions(records / B, test_labels=lambda labels: labels[::-1])


def summary_of(records, plan=None) -> pd.DataFrame:
    return built("summary", evaluate(RecordStore(plan or plan_of(), records), replicates=0))


def built(name: str, evaluation: Evaluation) -> pd.DataFrame:
    return table_module(name).build(StudyResults(None, evaluation, ("cpu_seconds",)))
