"""A pilot: a finished study whose tables tell how the error depends on the split of a budget.

Open this module to change which points of a study count as splits. The trap: tables do not name
epochs; the plan does, so a pilot is a folder of tables beside its plan or configuration.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mnbench.datasets import SAMPLE_SEED
from mnbench.errors import UserError
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.split_model import MeasuredSplit
from mnbench.evaluation.tables.columns import POINT
from mnbench.evaluation.tables.files import read_table, select
from mnbench.naming import named_variant
from mnbench.planning.config import read_study
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.planner import Approach, make_plan
from mnbench.planning.splits import HATCHING, BudgetSplit, split_of
from mnbench.yaml_files import read_yaml

WITHOUT_HATCHING = "full_data"  # whose ensembles are splits with g = ensemble size
MEASURED = ("full_size", "test_error", "training_flops")


@dataclass(frozen=True)
class Pilot:
    """A finished study: its plan and its estimates."""

    folder: Path
    plan: Plan
    estimates: pd.DataFrame

    def splits(self, dataset: str, architecture_set: str) -> tuple[MeasuredSplit, ...]:
        """Return the splits that were measured, each once.

        Points of named variants are left out, since they have other options.

        Raises:
            UserError: the pilot has no MotherNets there, or too few to interpolate between.
        """
        place = f"--pilot: {self.folder}: {dataset}, {architecture_set}"
        ensembles = list(_of_splits(self.plan, dataset, architecture_set))
        if not any(ensemble.approach == HATCHING for ensemble in ensembles):
            raise UserError(f"{place} has no MotherNets; name a study that has them there")
        if _open_ended(self.plan, ensembles):
            raise UserError(
                f"{place} trained under recipe.protocol 'convergence'; name a study of 'epochs'"
            )
        rows = select(self.estimates, dataset, architecture_set)
        rows = rows[(rows["combination"] == AVERAGE) & rows["full_size"] & (rows["test_error"] > 0)]
        errors = {_point(row): float(row["test_error"]) for row in rows.to_dict("records")}
        measured: dict[BudgetSplit, float] = {}
        for ensemble in ensembles:
            split = split_of(self.plan, ensemble)
            point = _point({name: getattr(ensemble, name) for name in POINT})
            if split is not None and point in errors:
                measured.setdefault(split, errors[point])
        hatched = {(split.g, split.hatched) for split in measured if split.hatched}
        if len(hatched) == len({g for g, _ in hatched}):
            raise UserError(
                f"{place} has no g with MotherNets of two or more epochs of hatched networks; "
                "name a study with approaches.mothernets.hatched.budgets, such as [0.5, 1]"
            )
        return tuple(MeasuredSplit(split, measured[split]) for split in sorted(measured))

    def differences(self, plan: Plan, dataset: str, architecture_set: str) -> list[str]:
        """Return how the trainings of a study's plan differ from the pilot's, but in epochs.

        Returns:
            A text for each key: "data.train_images: 3000, in the study 12000".
        """
        theirs, ours = (_settings(one, dataset, architecture_set) for one in (self.plan, plan))
        return [
            f"{key}: {theirs[key]}, in the study {ours[key]}"
            for key in theirs
            if key in ours and theirs[key] != ours[key]
        ]


def read_pilot(folder: Path, approaches: Mapping[str, Approach]) -> Pilot:
    """Read a finished study from the folder of its tables.

    Args:
        folder: with ``estimates.csv``, and there or above it ``plan.json`` or ``config.yaml``.
        approaches: every approach that the checkout has, by name.

    Raises:
        UserError: a file is missing or wrong.
    """
    if not (folder / "estimates.csv").is_file():
        raise UserError(
            f"--pilot: {folder}: has no estimates.csv; name the folder of a finished study's tables"
        )
    estimates = read_table(folder / "estimates.csv")
    if missing := [name for name in (*POINT, *MEASURED) if name not in estimates]:
        raise UserError(
            f"--pilot: {folder / 'estimates.csv'}: no column '{missing[0]}'; "
            "name the folder of a study's tables"
        )
    for place in (folder, folder.parent):
        if (path := place / "plan.json").is_file():
            return Pilot(folder, read_plan(path), estimates)
        if (path := place / "config.yaml").is_file():
            study = read_study(read_yaml(path), source=str(path))
            return Pilot(folder, make_plan(study, approaches, source=str(path)), estimates)
    raise UserError(
        f"--pilot: {folder}: has neither plan.json nor config.yaml; put the study's there"
    )


def _of_splits(plan: Plan, dataset: str, architecture_set: str) -> Iterator[Ensemble]:
    """Yield the ensembles of all networks that are splits, of one seed."""
    ensembles = [
        ensemble
        for ensemble in plan.ensembles
        if (ensemble.dataset, ensemble.architecture_set) == (dataset, architecture_set)
        and ensemble.approach in (HATCHING, WITHOUT_HATCHING)
        and not named_variant(ensemble.variant)
    ]
    largest = max((ensemble.size for ensemble in ensembles), default=0)
    first = min((ensemble.seed for ensemble in ensembles), default=0)
    for ensemble in ensembles:
        if ensemble.size == largest and ensemble.seed == first:
            yield ensemble


def _open_ended(plan: Plan, ensembles: list[Ensemble]) -> bool:
    ids = {id for ensemble in ensembles for id in plan.lineage(ensemble.members)}
    return any(plan.trainings[id].recipe["protocol"] == "convergence" for id in ids)


def _point(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Return what tells a point from others; a missing g, as tables have it, is None."""
    return tuple(None if pd.isna(row[name]) else row[name] for name in POINT)


def _settings(plan: Plan, dataset: str, architecture_set: str) -> dict[str, Any]:
    """Return the keys of MotherNets' trainings that are no epochs, dotted, by kind of training."""
    settings: dict[str, Any] = {}
    for ensemble in _of_splits(plan, dataset, architecture_set):
        if ensemble.approach == HATCHING:
            for id in plan.lineage(ensemble.members):
                kind = "hatched" if plan.trainings[id].parents else "recipe"
                settings = _of_training(plan.trainings[id], kind) | settings
    return settings


def _of_training(training: Training, kind: str) -> dict[str, Any]:
    known = {kind: training.recipe | training.options, "data": training.data}
    return {
        key: value
        for key, value in _flat(known)
        if not key.endswith((".epochs", f".{SAMPLE_SEED}")) and ".convergence." not in key
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values inside nested mappings by their dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
