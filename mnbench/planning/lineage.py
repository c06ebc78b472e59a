"""Lineages: what an approach contributes to a plan. Trainings, ensembles, and what it leaves out.

A lineage is a graph: trainings are its nodes, their parents its edges, and an ensemble is the
records that predict together. Open it to learn what an approach's ``lineage`` returns. The trap:
whatever is added to :class:`Training` goes into its ``recipe_hash``, and every record on disk is
trained again.

Nothing here knows torch.
"""

import hashlib
import json
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from mnbench.architectures import Architecture
from mnbench.planning.training_id import TrainingId

KEEPS_MOMENTUM = "keeps_momentum"  # an option of trainings whose record has the momentum as well


@dataclass(frozen=True)
class Training:
    """One training job: what it trains, from which records, and how. It leaves one record."""

    id: TrainingId
    role: str  # "member" or "mothernet"
    networks: tuple[Architecture, ...]  # more than one when they are trained jointly
    recipe: dict[str, Any]  # a mnbench.planning.recipe.TrainingRecipe as plain values
    seed: int  # for initialisation, data order, augmentation, bootstrap and noise
    data: dict[str, Any]  # data set and its content, numbers of images, seed of a drawn sample
    parents: tuple[TrainingId, ...] = ()  # the records it starts from
    parent_hashes: tuple[str, ...] = ()  # their recipe hashes: another MotherNet, another member
    options: dict[str, Any] = field(default_factory=dict)  # read by the approach's module only

    @property
    def approach(self) -> str:
        """The approach whose rule and module run this training."""
        return self.id.approach

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.name

    @cached_property
    def recipe_hash(self) -> str:
        """A hash of all that decides this training: 16 hexadecimal digits."""
        return _hash(self._decisive)

    @cached_property
    def content_hash(self) -> str:
        """The same without the name: trainings of one approach and seed that it equals are one."""
        return _hash(self._decisive | {"id": str(self.id._replace(name=""))})

    @property
    def _decisive(self) -> dict[str, Any]:
        return with_ids_as_text(self) | {"networks": [network.id for network in self.networks]}


def _hash(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Ensemble:
    """One ensemble to evaluate: a row of the summary."""

    dataset: str
    architecture_set: str
    seed: int
    approach: str
    size: int  # number of networks that predict together, or that a control stands for
    members: tuple[TrainingId, ...]  # the records whose networks these are, in order
    g: int | None = None  # number of clusters, MotherNets only
    budget: float = 1.0  # multiple of the recipe's epochs that every training was given
    variant: str = ""  # what else tells it from its approach's others, in words

    @property
    def setting(self) -> tuple[str, str, int]:
        """The data set, architecture set and seed."""
        return self.dataset, self.architecture_set, self.seed


@dataclass(frozen=True)
class Lineage:
    """What one approach contributes to the plan of one (data set, architecture set, seed)."""

    trainings: tuple[Training, ...] = ()
    ensembles: tuple[Ensemble, ...] = ()
    left_out: str | None = None  # why the approach cannot train this set, or sizes of it

    def __add__(self, other: "Lineage") -> "Lineage":
        return Lineage(
            self.trainings + other.trainings,
            self.ensembles + other.ensembles,
            self.left_out or other.left_out,
        )


@dataclass(frozen=True)
class LeftOut:
    """An approach that cannot train an architecture set, or sizes of it, and the reason."""

    dataset: str
    architecture_set: str
    approach: str
    reason: str
    variant: str = ""  # its name, if it is a variant that cannot

    @property
    def name(self) -> str:
        """Who cannot: "treenets", or "treenets in its variant 'deep'"."""
        return self.approach + (f" in its variant '{self.variant}'" if self.variant else "")


def vars_of(value: Any) -> dict[str, Any]:
    """Return a dataclass's fields, as they are: ``asdict`` without its deep copy."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def with_ids_as_text(value: Any, but: str = "") -> dict[str, Any]:
    """Return a dataclass's fields for JSON, all *but* one; an id is its text."""
    values = vars_of(value)
    values.pop(but, None)
    if "id" in values:
        values["id"] = str(values["id"])
    for key in {"parents", "members"} & values.keys():
        values[key] = [str(id) for id in values[key]]
    if values.get("variant") == "":  # as versions wrote it that knew none: hashes stay
        del values["variant"]
    return values
