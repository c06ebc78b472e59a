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
USUAL = "as usual"  # an option that a training does not note is at its default
_KINDS = ("data", "recipe", "mothernet", "hatched")  # in the order in which differences are said


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
            A text for each key: "data.train_images: 3000, in the study 12000". What is the same in
            MotherNets or hatched networks as in the recipe is said of the recipe alone.
        """
        theirs, ours = (_settings(one, dataset, architecture_set) for one in (self.plan, plan))
        said: dict[tuple[str, Any, Any], str] = {}
        for kind in (kind for kind in theirs if kind in ours):
            for key in dict.fromkeys([*theirs[kind], *ours[kind]]):
                one, other = (settings[kind].get(key, USUAL) for settings in (theirs, ours))
                if one != other:
                    said.setdefault((key, str(one), str(other)), f"{kind}.{key}")
        lines = [f"{where}: {one}, in the study {other}" for (_, one, other), where in said.items()]
        at_g = [_clusters(one, dataset, architecture_set) for one in (self.plan, plan)]
        return lines + [
            f"MotherNets at g = {g}: other networks, or for other members"
            for g in at_g[0]
            if g in at_g[1] and at_g[0][g] != at_g[1][g]
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


def _settings(plan: Plan, dataset: str, architecture_set: str) -> dict[str, dict[str, Any]]:
    """Return the keys of MotherNets' trainings that are no epochs, dotted, by kind of training."""
    settings: dict[str, dict[str, Any]] = {}
    for ensemble in _of_splits(plan, dataset, architecture_set):
        if ensemble.approach != HATCHING:
            continue
        for training in (plan.trainings[id] for id in plan.lineage(ensemble.members)):
            settings.setdefault("data", _data(training))
            settings.setdefault(_kind(training), _of_training(training))
    return dict(sorted(settings.items(), key=lambda one: _KINDS.index(one[0])))


def _clusters(plan: Plan, dataset: str, architecture_set: str) -> dict[int, list[list[str]]]:
    """Return by g what networks each member is hatched from, its own among them."""
    return {
        ensemble.g or ensemble.size: sorted(
            [net.id for id in plan.lineage([member]) for net in plan.trainings[id].networks]
            for member in ensemble.members
        )
        for ensemble in _of_splits(plan, dataset, architecture_set)
        if ensemble.approach == HATCHING
    }


def _kind(training: Training) -> str:
    """Return what a training is to MotherNets; one that is its own MotherNet has the recipe."""
    if training.role == "mothernet":
        return "mothernet"
    return "hatched" if training.parents else "recipe"


def _data(training: Training) -> dict[str, Any]:
    sample = "per_seed" if SAMPLE_SEED in training.data else "fixed"
    values = {key: value for key, value in training.data.items() if key != SAMPLE_SEED}
    return values | {"sample": sample}


def _of_training(training: Training) -> dict[str, Any]:
    return {
        key: value
        for key, value in _flat(training.recipe | training.options)
        if not f".{key}".endswith(".epochs") and not key.startswith("convergence.")
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values inside nested mappings by their dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
