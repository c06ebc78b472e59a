"""A study, opened to look inside: its images, its networks, and hatched members made once more.

Hatching is a function of the parent's weights and of the training's seed. So a member can be
hatched again, and then it is known which of its channels are replicas and which layers are new.

Open this module to look at something else inside networks. The trap: other hatching code than the
record's would make another member, so that its error is compared with the recorded one.
"""

import copy
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import torch
from torch import nn

from mnbench.datasets import Sample, stored
from mnbench.datasets.prepared import check_prepared
from mnbench.errors import UserError
from mnbench.insides.manners import HATCHES, manners
from mnbench.mothernets.hatching import Origins
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.store import RecordStore
from mnbench.training.data import TrainingSet
from mnbench.training.job import Job
from mnbench.training.progress import Progress
from mnbench.training.weights import recorded_network

# Of a member's error, hatched again, from the recorded one: another device may round otherwise.
MAXIMUM_ERROR_DIFFERENCE = 0.005


class HatchingApproach(Protocol):
    """What the module of the approach that hatches must have."""

    def hatched_member(self, job: Job) -> tuple[nn.Module, nn.Module, Origins]:
        """Return the parent's network, the member, and where its parameters come from."""

    def break_symmetry(self, job: Job, member: nn.Module) -> None:
        """Change a member, in place, into what its training begins with."""


@dataclass(frozen=True, eq=False)
class HatchedAgain:
    """A member at three times.

    Attributes:
        hatched: as it was hatched; it computes its parent's function.
        start: what its training began with, after noise and the like.
        trained: what its record has.
        origins: of the parameters, by name: the same at all times.
    """

    hatched: nn.Module
    start: nn.Module
    trained: nn.Module
    origins: Origins


class OpenedStudy:
    """A study's plan, records and images on a device."""

    def __init__(
        self, plan: Plan, paths: StudyPaths, device: torch.device, approach: HatchingApproach
    ):
        """Open a study.

        Args:
            plan: the study's.
            paths: where its records and images are.
            device: where its networks are looked into.
            approach: the module that hatches.
        """
        self.plan, self.paths, self.device, self.approach = plan, paths, device, approach
        self.store = RecordStore(plan, paths.records)
        self.left_out: dict[str, None] = {}  # why something could not be looked into, each once
        # Kept per study rather than per process: another one has other images.
        self._images = cache(self._read_images)

    @contextmanager
    def leaving_out(self) -> Iterator[None]:
        """Note why the block could not be finished, if a user can mend it, and go on behind it."""
        try:
            yield
        except UserError as error:
            self.left_out[str(error)] = None

    @cached_property
    def manners(self) -> Mapping[TrainingId, str]:
        """How each member was hatched, in words."""
        return manners(self.plan)

    def hatched_trainings(self) -> list[Training]:
        """Return the members that were hatched; of a path of snapshots the first."""
        return [
            training
            for training in self.plan.trainings.values()
            if training.approach == HATCHES
            and training.role == "member"
            and training.parents
            and "cycle" not in training.options
        ]

    def full_ensembles(self) -> list[Ensemble]:
        """Return the ensembles of two networks or more, the largest of each point and seed."""
        largest: dict[Hashable, Ensemble] = {}
        for ensemble in self.plan.ensembles:
            point = (ensemble.approach, ensemble.g, ensemble.budget, ensemble.variant)
            place = (*ensemble.setting, *point)
            largest[place] = max(ensemble, largest.get(place, ensemble), key=lambda one: one.size)
        return [one for one in largest.values() if self._networks(one.members) > 1]

    def _networks(self, ids: Iterable[TrainingId]) -> int:
        return sum(len(self.plan.trainings[id].networks) for id in ids)

    def data_of(self, training: Training) -> TrainingSet:
        """Return the images that a training had.

        Raises:
            UserError: they are missing or altered.
        """
        return self._images(training.id.dataset, Sample.of(training.data))

    def _read_images(self, dataset: str, sample: Sample | None) -> TrainingSet:
        one = next(one for one in self.plan.trainings.values() if one.id.dataset == dataset)
        check_prepared(self.paths.data(dataset), stored(one.data))
        return TrainingSet.read(self.paths.train_data(dataset), self.device, sample)

    def network(self, id: TrainingId) -> nn.Module:
        """Return a record's one network, trained.

        Raises:
            UserError: the record is missing, refused, or its weights are damaged.
        """
        self.store.record(id)
        return recorded_network(self.paths.record(id), self.plan.dataset(id.dataset), self.device)

    def job(self, training: Training) -> Job:
        """Return the job that a training was."""
        return Job(
            training=training,
            dataset=self.plan.dataset(training.id.dataset),
            data=self.data_of(training),
            device=self.device,
            records=self.paths.records,
            checkpoint=self.paths.checkpoint(training.id),
            progress=Progress(None, None),
        )

    def hatched_again(self, training: Training) -> HatchedAgain:
        """Return a hatched member as it was hatched, as it began, and as it was trained.

        Raises:
            UserError: a record is missing or refused, or does not come from this hatching.
        """
        trained, job = self.network(training.id), self.job(training)
        for parent in training.parents:
            self.store.record(parent)
        _, hatched, origins = self.approach.hatched_member(job)
        start = copy.deepcopy(hatched)
        self.approach.break_symmetry(job, start)
        recorded = self.store.record(training.id).details.get("error_after_noise")
        error = job.validation_error(start)
        if recorded is not None and abs(error - recorded) > MAXIMUM_ERROR_DIFFERENCE:
            raise UserError(
                f"{self.paths.record(training.id)}: begins with a validation error of "
                f"{recorded:.4f}, but hatched again of {error:.4f}; "
                "delete this folder and run snakemake again"
            )
        return HatchedAgain(hatched, start, trained, origins)
