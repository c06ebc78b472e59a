"""The tables of a made-up study whose values are drawn: errors, costs and histories."""

import numpy as np
import pandas as pd
from support.synthetic_plan import ARCHITECTURE_SET, DATASET, ERRORS

from mnbench.evaluation.tables import networks as networks_table
from mnbench.evaluation.tables import summary
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

SUMMED = ("epochs", "examples", "training_flops", "cpu_seconds", "device_seconds")


def networks_of(plan: Plan, work: dict[TrainingId, tuple[float, int]], rng) -> pd.DataFrame:
    rows = {}
    for record, training in plan.trainings.items():
        seconds, epochs = work[record]
        seconds *= rng.uniform(0.97, 1.03)
        rows[record] = {
            "dataset": DATASET,
            "architecture_set": ARCHITECTURE_SET,
            "seed": training.seed,
            "approach": training.approach,
            "record": str(record),
            "name": training.name,
            "role": training.role,
            "networks": "+".join(n.name for n in training.networks),
            "parents": " ".join(map(str, training.parents)),
            "test_error": 0.12 + rng.normal(0, 0.001) + 0.004 * (training.role == "mothernet"),
            "validation_error": 0.12,
            "epochs": float(epochs),
            "examples": epochs * 11_000,
            "training_flops": int(seconds * 2.2e10),
            "cpu_seconds": seconds,
            "device_seconds": seconds * 1.05,
            "peak_memory_bytes": 400_000_000,
            "shared_device": False,
            "lineage_shared_device": False,
        }
    for record, row in rows.items():
        lineage = plan.lineage([record])
        row |= {f"lineage_{c}": sum(rows[r][c] for r in lineage) for c in SUMMED}
    return pd.DataFrame(list(rows.values()), columns=list(networks_table.COLUMNS))


def summary_of(plan: Plan, networks: pd.DataFrame, rng) -> pd.DataFrame:
    costs = networks.set_index("record")
    drawn: dict[tuple, float] = {}
    rows = []
    for e in plan.ensembles:
        lineage = list(map(str, plan.lineage(e.members)))
        final = ERRORS.get((e.approach, e.g, e.budget), 10.9) / 100
        largest = max(o.size for o in plan.ensembles if o.approach == e.approach)
        # The same records answer the same: MotherNets with g = 5 are Full Data.
        error = drawn.setdefault(
            e.members, final + 0.012 * (1 / e.size - 1 / largest) + rng.uniform(-0.001, 0.001)
        )
        rows.append(
            {
                "dataset": e.dataset,
                "architecture_set": e.architecture_set,
                "seed": e.seed,
                "approach": e.approach,
                "g": e.g,
                "budget": e.budget,
                "size": e.size,
                "variant": e.variant,
                "full_size": e.size == largest,
                "test_error": error,
                "mean_member_error": 0.12,
                "disagreement": 0.05 + 0.004 * len(drawn) % 0.05 if e.size > 1 else np.nan,
                "calibration_error": 0.01,
                **{c: costs.loc[lineage, c].sum() for c in SUMMED},
                "peak_memory_bytes": 400_000_000,
                "shared_device": False,
                "trainings": len(lineage),
            }
        )
    return pd.DataFrame(rows, columns=list(summary.COLUMNS)).astype({"g": "Int64"})


def histories_of(plan: Plan, networks: pd.DataFrame, rng) -> pd.DataFrame:
    frames = []
    for row in networks.itertuples():
        epochs = int(row.epochs)
        epoch = np.arange(1, epochs + 1)
        start = 0.002 if row.parents and "mothernets" in row.approach else 0.20
        error = 0.118 + start * np.exp(-epoch / 2.2) + rng.normal(0, 0.002, epochs)
        frames.append(
            pd.DataFrame(
                {
                    "dataset": DATASET,
                    "architecture_set": ARCHITECTURE_SET,
                    "seed": row.seed,
                    "approach": row.approach,
                    "record": row.record,
                    "name": row.name,
                    "role": row.role,
                    "epoch": epoch,
                    "phase": "scratch",
                    "learning_rate": 0.1,
                    "train_loss": 0.3,
                    "train_accuracy": 0.9,
                    "validation_loss": 0.3,
                    "validation_accuracy": 1 - error,
                    "examples": row.examples // epochs,
                    "training_flops": row.training_flops // epochs,
                    "device_seconds": row.device_seconds / epochs,
                    "cpu_seconds": row.cpu_seconds / epochs,
                    "device_share": 0.98,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)
