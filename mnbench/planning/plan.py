"""The plan: every training of a study, and every ensemble that its records make up.

An approach describes itself as a :class:`Lineage`: trainings (nodes), their parents (edges), and
which records the ensemble of size m consists of. A plan is the union of the lineages, so a training
that two approaches share (a Full Data network that is also a teacher, a MotherNet that two values
of g have in common) is planned, run and stored once. Cost, resume and drawings read this graph.

Nothing here knows torch: Snakemake makes a plan each time it parses the workflow.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from mnbench.architectures import Architecture
from mnbench.errors import UserError

FORMAT = 2


@dataclass(frozen=True)
class Training:
    """One training job: what it trains, from which records, and how. It leaves one record."""

    id: str  # "{dataset}/{architecture_set}/seed{seed}/{approach}/{name}"
    role: str  # "member" or "mothernet"
    networks: tuple[Architecture, ...]  # more than one when they are trained jointly
    recipe: dict[str, Any]  # a mnbench.training.Recipe as plain values
    seed: int  # for initialisation, data order, augmentation, bootstrap and noise
    data: dict[str, Any]  # dataset name, numbers of images: what decides the training images
    parents: tuple[str, ...] = ()  # ids of the records it starts from
    parent_hashes: tuple[str, ...] = ()  # their recipe hashes: another MotherNet, another member
    options: dict[str, Any] = field(default_factory=dict)  # read by the approach's module only

    @property
    def approach(self) -> str:
        """The approach whose rule and module run this training."""
        return self.id.split("/")[-2]

    @property
    def name(self) -> str:
        """The last part of the id, unique within a (dataset, ensemble, seed, approach)."""
        return self.id.split("/")[-1]

    @cached_property
    def recipe_hash(self) -> str:
        """A hash of everything that decides this training; a comment in a config does not."""
        decisive = vars_of(self) | {"networks": [network.id for network in self.networks]}
        text = json.dumps(decisive, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Ensemble:
    """One ensemble to evaluate: a row of the summary."""

    dataset: str
    architecture_set: str
    seed: int
    approach: str
    size: int  # how many networks answer
    members: tuple[str, ...]  # record ids; the networks of these records, in order, answer
    g: int | None = None  # number of clusters, MotherNets only
    budget: float = 1.0  # multiple of the recipe's epochs that every training was given


@dataclass(frozen=True)
class Lineage:
    """What one approach contributes to the plan of one (dataset, ensemble, seed)."""

    trainings: tuple[Training, ...] = ()
    ensembles: tuple[Ensemble, ...] = ()
    left_out: str | None = None  # why the approach cannot take this ensemble

    def __add__(self, other: "Lineage") -> "Lineage":
        return Lineage(
            self.trainings + other.trainings,
            self.ensembles + other.ensembles,
            self.left_out or other.left_out,
        )


@dataclass(frozen=True)
class LeftOut:
    """An approach that cannot take an ensemble, and why."""

    dataset: str
    architecture_set: str
    approach: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """Every training and every ensemble of a study."""

    study: str
    trainings: dict[str, Training]  # by id, parents before children
    ensembles: tuple[Ensemble, ...]
    left_out: tuple[LeftOut, ...] = ()
    device: str = "auto"  # where trainings run: no part of what they are
    data_root: str = "data"  # where data sets are found, and whether they may be fetched: likewise
    download: bool = False

    @property
    def parents(self) -> dict[str, tuple[str, ...]]:
        """The parents of every record, by id."""
        return {training.id: training.parents for training in self.trainings.values()}

    def origins(self, id: str) -> tuple[str, ...]:
        """The parents whose network a training goes on from: those of its own approach."""
        training = self.trainings[id]
        return tuple(
            parent
            for parent in training.parents
            if self.trainings[parent].approach == training.approach
        )

    def teachers(self, id: str) -> tuple[str, ...]:
        """The parents that a training learns from: those of another approach."""
        origins = self.origins(id)
        return tuple(parent for parent in self.trainings[id].parents if parent not in origins)

    @property
    def ensembles_hash(self) -> str:
        """A hash of which records make up which ensembles: the tables' rerun trigger."""
        text = json.dumps([vars_of(row) for row in (*self.ensembles, *self.left_out)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Serialise; the same plan gives the same text.

        Many trainings have a network or a recipe in common: each is written once, and a training
        has its number. Every job reads the whole plan, and should not take long over it.
        """
        networks, recipes = _Numbered(), _Numbered()
        trainings = [
            vars_of(training)
            | {
                "networks": [networks.number((net.id, net.name), net) for net in training.networks],
                "recipe": recipes.number(json.dumps(training.recipe), training.recipe),
            }
            for training in self.trainings.values()
        ]
        plan = vars_of(self) | {
            "trainings": trainings,
            "ensembles": [vars_of(row) for row in self.ensembles],
            "left_out": [vars_of(row) for row in self.left_out],
            "networks": [network.to_dict() for network in networks.values],
            "recipes": recipes.values,
        }
        return json.dumps({"format": FORMAT, **plan}, indent=1)

    def write(self, path: Path) -> None:
        """Write :meth:`to_json` to a file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(self.to_json())
        partial.replace(path)


@dataclass
class _Numbered:
    """Values numbered from 0 in the order in which they first come."""

    values: list[Any] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, key: Any, value: Any) -> int:
        """The number of the value that *key* stands for."""
        if key not in self.numbers:
            self.numbers[key] = len(self.values)
            self.values.append(value)
        return self.numbers[key]


def vars_of(value: Any) -> dict[str, Any]:
    """A dataclass's fields, as they are: ``asdict`` without its deep copy."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def union(trainings: Iterable[Training]) -> dict[str, Training]:
    """Merge trainings by id, keeping the order.

    Raises:
        ValueError: two approaches mean different trainings by one id, or a parent is not planned
            before its child.
    """
    merged: dict[str, Training] = {}
    for training in trainings:
        if merged.setdefault(training.id, training).recipe_hash != training.recipe_hash:
            raise ValueError(f"two different trainings claim the id {training.id}")
        if missing := [parent for parent in training.parents if parent not in merged]:
            raise ValueError(f"{training.id} is planned before its parents {missing}")
    return merged


def read_plan(path: Path) -> Plan:
    """Read what :meth:`Plan.to_json` wrote.

    Raises:
        UserError: the file is missing or no plan.
    """
    try:
        data = json.loads(path.read_text())
        if data.pop("format") != FORMAT:
            raise ValueError("written by another version of mnbench")
        networks = tuple(Architecture.from_dict(network) for network in data["networks"])
        trainings = [_training(value, networks, data["recipes"]) for value in data["trainings"]]
        return Plan(
            study=data["study"],
            trainings={training.id: training for training in trainings},
            ensembles=tuple(
                Ensemble(**row | {"members": tuple(row["members"])}) for row in data["ensembles"]
            ),
            left_out=tuple(LeftOut(**row) for row in data["left_out"]),
            device=data["device"],
            data_root=data["data_root"],
            download=data["download"],
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: not a readable plan ({type(error).__name__}: {error}); "
            "delete it and run snakemake again"
        ) from error


def _training(
    data: dict[str, Any], networks: Sequence[Architecture], recipes: Sequence[dict[str, Any]]
) -> Training:
    lists = {key: tuple(data[key]) for key in ("parents", "parent_hashes")}
    lists["networks"] = tuple(networks[number] for number in data["networks"])
    return Training(**data | lists | {"recipe": recipes[data["recipe"]]})
