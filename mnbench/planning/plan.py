"""The plan: every training of a study, and every ensemble that its records make up.

An approach describes itself as a :class:`Lineage`: trainings (nodes), their parents (edges), and
the records that an ensemble of size m consists of. A plan is the union of the lineages. A training
that two approaches share is therefore planned, run and stored once: a Full Data network that also
teaches, a MotherNet that two values of g have in common.

Open it to learn what a plan holds, or to ask one for ancestors. The trap: a plan's file is read by
other versions, so that whatever is added to a plan needs a default.

Nothing here knows torch: Snakemake makes a plan each time it parses the workflow.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from mnbench.architectures import Architecture
from mnbench.datasets import DATASETS, EVALUATION_SETS, Dataset
from mnbench.errors import UserError, cause, choices
from mnbench.files import read_json, write_text
from mnbench.planning.ensemble_rows import ensemble_rows, read_ensembles
from mnbench.planning.lineage import (
    Ensemble,
    LeftOut,
    Training,
    vars_of,
    with_ids_as_text,
)
from mnbench.planning.parsing import parse
from mnbench.planning.plan_check import check_plan
from mnbench.planning.training_id import TrainingId

PLAN_FORMAT = 4
READABLE_FORMATS = (3, PLAN_FORMAT)


@dataclass(frozen=True)
class Plan:
    """Every training and every ensemble of a study."""

    study: str
    trainings: dict[TrainingId, Training]  # parents before children
    ensembles: tuple[Ensemble, ...]
    left_out: tuple[LeftOut, ...] = ()
    device: str = "auto"  # where trainings run: no part of what they are
    data_root: str = "data"  # the folder of data sets, and whether they may be fetched: likewise
    download: bool = False
    own_datasets: tuple[Dataset, ...] = ()  # folders of images, which only this study knows

    def dataset(self, name: str) -> Dataset:
        """Return the description of a data set: the study's own, or one that all know.

        Raises:
            UserError: there is no data set of this name.
        """
        own = {dataset.name: dataset for dataset in self.own_datasets}
        if name not in own and name not in DATASETS:
            known = choices(name, [*own, *DATASETS])
            raise UserError(f"study '{self.study}' has no data set '{name}'; {known}")
        return own.get(name) or DATASETS[name]

    def lineage(self, ids: Iterable[TrainingId]) -> tuple[TrainingId, ...]:
        """Return *ids* and all their ancestors, each once, ancestors first.

        The lineage of an ensemble's members is what the ensemble is billed for.
        """
        return _with_ancestors(ids, lambda id: self.trainings[id].parents)

    @property
    def evaluation_sets(self) -> tuple[str, ...]:
        """The sets that all records predict: of ``EVALUATION_SETS``, "test" first."""
        develops = any(one.data.get("development_images") for one in self.trainings.values())
        return EVALUATION_SETS if develops else EVALUATION_SETS[:1]

    def origins(self, id: TrainingId) -> tuple[TrainingId, ...]:
        """Return the parents whose network a training continues: those of its own approach."""
        parents = self.trainings[id].parents
        return tuple(parent for parent in parents if parent.approach == id.approach)

    def predecessors(self, id: TrainingId) -> tuple[TrainingId, ...]:
        """Return the ancestors whose network a training continues, in the order of training."""
        *ancestors, _ = _with_ancestors([id], self.origins)
        return tuple(ancestors)

    def teachers(self, id: TrainingId) -> tuple[TrainingId, ...]:
        """Return the parents that a training learns from: those of another approach."""
        parents = self.trainings[id].parents
        return tuple(parent for parent in parents if parent.approach != id.approach)

    @property
    def ensembles_hash(self) -> str:
        """A hash of the ensembles and their members: what the tables are made again for."""
        text = json.dumps([with_ids_as_text(row) for row in (*self.ensembles, *self.left_out)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Return the plan as JSON; the same plan gives the same text.

        Trainings share networks and recipes: each is written once, and a training has its number.
        Every job reads the whole plan, so that reading must be quick.
        """
        networks, recipes = _Numbered(), _Numbered()
        trainings = [
            with_ids_as_text(training)
            | {
                "networks": [networks.number((net.id, net.name), net) for net in training.networks],
                "recipe": recipes.number(json.dumps(training.recipe), training.recipe),
            }
            for training in self.trainings.values()
        ]
        plan = vars_of(self) | {
            "trainings": trainings,
            "ensembles": ensemble_rows(
                self.ensembles, {id: number for number, id in enumerate(self.trainings)}
            ),
            "left_out": [with_ids_as_text(row) for row in self.left_out],
            "networks": [network.to_dict() for network in networks.values],
            "recipes": recipes.values,
        }
        if self.own_datasets:
            plan["own_datasets"] = [asdict(own) for own in self.own_datasets]
        else:
            del plan["own_datasets"]
        return json.dumps({"format": PLAN_FORMAT, **plan}, indent=1)

    def write(self, path: Path) -> None:
        """Write :meth:`to_json` to a file, whole or not at all."""
        write_text(path, self.to_json())


@dataclass
class _Numbered:
    """Values numbered from 0 in the order in which they first come."""

    values: list[Any] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)

    def number(self, key: Any, value: Any) -> int:
        """Return the number of the value that *key* stands for."""
        if key not in self.numbers:
            self.numbers[key] = len(self.values)
            self.values.append(value)
        return self.numbers[key]


def _with_ancestors(
    ids: Iterable[TrainingId], parents_of: Callable[[TrainingId], Iterable[TrainingId]]
) -> tuple[TrainingId, ...]:
    """Return *ids* and all their ancestors, each once, ancestors first."""
    ordered: dict[TrainingId, None] = {}
    # Not recursive: a path of a thousand snapshots is deeper than Python's calls may be.
    waiting = list(ids)[::-1]
    while waiting:
        missing = [parent for parent in parents_of(waiting[-1]) if parent not in ordered]
        if not missing:
            ordered[waiting.pop()] = None
        waiting += missing[::-1]
    return tuple(ordered)


def union(trainings: Iterable[Training]) -> dict[TrainingId, Training]:
    """Merge trainings by id, keeping the order.

    Raises:
        ValueError: two approaches mean different trainings by one id, or a parent is not planned
            before its child.
    """
    merged: dict[TrainingId, Training] = {}
    for training in trainings:
        planned = merged.setdefault(training.id, training)
        if planned is not training and planned.recipe_hash != training.recipe_hash:
            raise ValueError(f"two different trainings claim the id {training.id}")
        if missing := [str(parent) for parent in training.parents if parent not in merged]:
            raise ValueError(f"{training.id} is planned before its parents {missing}")
    return merged


def read_plan(path: Path) -> Plan:
    """Read the plan that :meth:`Plan.write` wrote.

    Raises:
        UserError: the file is missing or no plan.
    """
    try:
        data = read_json(path)
        if not isinstance(data, dict):
            raise ValueError("it holds no keys")
        if data.pop("format") not in READABLE_FORMATS:
            raise ValueError("written by another version of mnbench")
        networks = tuple(Architecture.from_dict(network) for network in data["networks"])
        # A plan of large ensembles names each training many times.
        parse_id = cache(TrainingId.parse)
        trainings = [
            _training(value, networks, data["recipes"], parse_id) for value in data["trainings"]
        ]
        plan = Plan(
            study=data["study"],
            trainings=union(trainings),
            ensembles=read_ensembles(data["ensembles"], [one.id for one in trainings], parse_id),
            left_out=tuple(LeftOut(**row) for row in data["left_out"]),
            device=data["device"],
            data_root=data["data_root"],
            download=data["download"],
            own_datasets=tuple(
                parse(Dataset, value, source=str(path), key="own_datasets")
                for value in data.get("own_datasets", [])
            ),
        )
        check_plan(plan, str(path))
        return plan
    except (OSError, ValueError, LookupError, TypeError, AttributeError, UserError) as error:
        remedy = "name a study's plan.json, which snakemake writes"
        if not isinstance(error, OSError):
            remedy += "; if this is one, delete it and run snakemake again"
        raise UserError(f"{path}: not a readable plan ({cause(error)}); {remedy}") from error


def _training(
    data: dict[str, Any],
    networks: Sequence[Architecture],
    recipes: Sequence[dict[str, Any]],
    parse: Callable[[str], TrainingId],
) -> Training:
    """Return the training that an entry of ``trainings`` describes."""
    return Training(
        **data
        | {
            "id": parse(data["id"]),
            "networks": tuple(networks[number] for number in data["networks"]),
            "recipe": recipes[data["recipe"]],
            "parents": tuple(map(parse, data["parents"])),
            "parent_hashes": tuple(data["parent_hashes"]),
        }
    )
