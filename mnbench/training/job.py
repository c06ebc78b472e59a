"""A training job: from a plan and an id to a record. The frame around an approach's ``train``.

Open it to learn what a ``train`` can use (:class:`Job`) and must return (:class:`Trained`). The
trap: nothing here may import what opens the test images before the training is over.
"""

import os
import shutil
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mnbench.architectures import (
    Architecture,
    build,
    forward_flops,
    parameter_count,
    training_flops,
)
from mnbench.datasets import DATASETS, Dataset
from mnbench.datasets.prepared import check_prepared
from mnbench.errors import UserError
from mnbench.locks import held
from mnbench.planning.parsing import parse
from mnbench.planning.plan import Plan, Training, read_plan
from mnbench.planning.recipe import Recipe
from mnbench.planning.seeds import derive_seed
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import check_file, checksums
from mnbench.records.failure import Failure, TrainingFailed, leave
from mnbench.records.paths import StudyPaths
from mnbench.records.record import (
    FILES,
    WEIGHTS,
    Cost,
    Record,
    read_record,
    write_history,
)
from mnbench.records.refusal import RETRAIN
from mnbench.records.validity import check_record, fault
from mnbench.training.data import TrainingSet
from mnbench.training.device import acquire, environment
from mnbench.training.divergence import Diverged
from mnbench.training.loop import RATE_KEY, Loss, Row, Work, cross_entropy, fit
from mnbench.training.mistakes import in_one_line
from mnbench.training.progress import Progress
from mnbench.training.teacher import Teacher
from mnbench.training.tensors import save_tensors


@dataclass(frozen=True, eq=False)
class Trained:
    """What an approach's ``train`` returns."""

    network: nn.Module
    history: list[Row]
    cost: Cost
    details: dict[str, Any]  # what only this approach measures


@dataclass(frozen=True, eq=False)
class Job:
    """One training and what it needs. It cannot reach the test images."""

    training: Training
    data: TrainingSet
    device: torch.device
    records: Path
    checkpoint: Path
    progress: Progress

    @property
    def options(self) -> dict[str, Any]:
        """What the approach's lineage noted for its ``train``."""
        return self.training.options

    @cached_property
    def recipe(self) -> Recipe:
        """How to train."""
        return parse(Recipe, self.training.recipe, source=str(self.training.id), key="recipe")

    @property
    def dataset(self) -> Dataset:
        """What the images are of."""
        return DATASETS[self.training.data["dataset"]]

    def generator(self, purpose: str) -> torch.Generator:
        """Return a CPU generator whose seed the training's seed and *purpose* decide."""
        return torch.Generator().manual_seed(derive_seed(self.training.seed, purpose))

    def new_networks(self) -> list[nn.Module]:
        """Return the training's networks, with new random or a library's pretrained weights."""
        torch.manual_seed(derive_seed(self.training.seed, "initialisation"))
        shape: dict[str, Any] = self.dataset.image_shape
        return [
            build(network, **shape, pretrained=True).to(self.device)
            for network in self.training.networks
        ]

    def new_network(self) -> nn.Module:
        """Return the training's one network, made as :meth:`new_networks` makes it."""
        (network,) = self.new_networks()
        return network

    def parent(self, index: int) -> Record:
        """Read a parent's record."""
        return read_record(self._parent_directory(index))

    def parent_architecture(self, index: int) -> Architecture:
        """Return the architecture of a parent's one network."""
        return Architecture.from_dict(self.parent(index).networks[0]["architecture"])

    def parent_network(self, index: int) -> nn.Module:
        """Return a parent's one network with its trained weights, on the job's device.

        Raises:
            UserError: the weights are missing, altered, damaged or of another architecture.
        """
        path = self._parent_directory(index) / WEIGHTS
        check_file(path.parent, self.parent(index), WEIGHTS)
        shape: dict[str, Any] = self.dataset.image_shape
        network = build(self.parent_architecture(index), **shape)
        try:
            network.load_state_dict(load_file(path))
        except (SafetensorError, OSError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"{path}: not the weights of this record's network ({reason}); {RETRAIN}"
            ) from error
        return network.to(self.device).to(memory_format=torch.channels_last)

    def teacher(self, index: int) -> Teacher:
        """Return a parent as a teacher: a function from a batch to logits."""
        return Teacher(self.parent_network(index), self.data, self.recipe.augmentation)

    def normalised(self, images: int) -> Tensor:
        """Return the first *images* training images normalised, not augmented."""
        return self.data.normalise(self.data.train.images[:images])

    def flops(self, count: Callable[..., int], network: Architecture, **options: int) -> int:
        """Return the FLOPs of one image of this job's data set.

        Args:
            count: ``training_flops`` or ``forward_flops`` of :mod:`mnbench.architectures`.
            network: what processes the image.
            options: for *count*.
        """
        shape = self.dataset.image_shape
        return count(network, shape.pop("image_size"), **shape, **options)

    def _parent_directory(self, index: int) -> Path:
        return self.records / self.training.parents[index]

    def fit(
        self,
        network: nn.Module,
        *,
        phase: str,
        loss: Loss = cross_entropy,
        sample: Tensor | None = None,
        teacher: Teacher | None = None,
        flops_per_example: int | None = None,
        rate_key: str = RATE_KEY,
        details: dict[str, Any] | None = None,
    ) -> Trained:
        """Train a network by the job's recipe: see :func:`mnbench.training.loop.fit`.

        Args:
            network: what to train.
            phase: the history's name for it.
            loss: from logits and batch to a scalar.
            sample: positions of the training images to train on.
            teacher: made of the first parent; its predictions are billed as well.
            flops_per_example: of training on one image; by the networks' own formula unless given.
            rate_key: where the configuration sets the learning rate, for the error of a divergence.
            details: what else goes into the record.

        Raises:
            Diverged: a loss was no finite number.
        """
        if flops_per_example is None:
            flops_per_example = sum(
                self.flops(training_flops, architecture) for architecture in self.training.networks
            )
        taught = self.flops(forward_flops, self.parent_architecture(0)) if teacher else 0
        once = teacher is not None and teacher.predicts_once
        work = Work(
            per_example=flops_per_example + (0 if once else taught),
            beforehand=taught * len(self.data.train) if once else 0,
        )
        history, cost = fit(
            network,
            self.data,
            self.recipe,
            seed=self.training.seed,
            work=work,
            phase=phase,
            loss=loss,
            sample=sample,
            checkpoint_file=self.checkpoint,
            identity=self.training.recipe_hash,
            rate_key=rate_key,
            report=self.progress.epoch,
        )
        return Trained(network, history, cost, details or {})


def main(
    train: Callable[[Job], Trained], plan_file: Path, id: TrainingId, log: Path | None
) -> None:
    """Run a training as a program, which tells its end by its exit status.

    Args:
        train: the approach's function.
        plan_file: the study's plan.json.
        id: of the training.
        log: a file to log to, beside the terminal.

    Raises:
        SystemExit: the training failed or was interrupted; the reason is on the terminal.
    """
    quiet = os.environ.get("MNBENCH_QUIET") == "1"
    with Progress.to(log, quiet=quiet) as progress:
        try:
            run(train, plan_file, id, progress)
        except KeyboardInterrupt:
            sys.exit(130)  # Snakemake reports the interruption
        except Exception as error:
            mistake = in_one_line(error)
            progress.failed(f"mnbench: {id}: {mistake}" if mistake else traceback.format_exc())
            sys.exit(2 if mistake else 1)


def run(
    train: Callable[[Job], Trained], plan_file: Path, id: TrainingId, progress: Progress
) -> None:
    """Run the training *id* of a plan, and write its record, or one that says why there is none.

    A training whose record is there is not run again.

    Raises:
        UserError: the plan, the data or a parent is not what it should be, or training diverged.
    """
    plan = read_plan(plan_file)
    if id not in plan.trainings:
        raise UserError(f"{plan_file}: has no training '{id}'; see the keys of 'trainings'")
    training, paths = plan.trainings[id], StudyPaths(plan_file.parent)
    progress.begin(plan, training)
    # Two processes that train the same network, whoever started them, do so one after the other.
    with held(paths.lock(id), progress.waits):
        if fault(paths.record(id), training) is None:
            progress.there()
            return
        try:
            _check_parents(plan, training, paths)
            with acquire(plan.device) as device:
                check_prepared(paths.data(training.data["dataset"]), training.data)
                data = TrainingSet.read(paths.train_data(training.data["dataset"]), device)
                job = Job(training, data, device, paths.records, paths.checkpoint(id), progress)
                _write(train(job), job, paths)
        except Exception as error:
            leave(paths, training, _failure(error))
            raise
    progress.end()


def _check_parents(plan: Plan, training: Training, paths: StudyPaths) -> None:
    """Check that every parent left a network, before anything is read."""
    for parent in training.parents:
        check_record(paths.record(parent), plan.trainings[parent])


def _failure(error: Exception) -> Failure:
    """Return what a failed training's record says of an error."""
    reason = in_one_line(error) or f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, TrainingFailed):  # a parent's: what it does not do, this one cannot
        return Failure(error.failure.kind, f"a parent is missing: {reason}")
    return Failure("diverged" if isinstance(error, Diverged) else "failed", reason)


def _write(trained: Trained, job: Job, paths: StudyPaths) -> None:
    """Write the record beside its place, then move it there: a record is whole or absent."""
    # Imported when training is over: what trains cannot reach the test images.
    from mnbench.training.predict import record_predictions

    training = job.training
    final = paths.record(training.id)
    partial = final.with_name(f".{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a job that was killed
    for folder in (partial, final):
        folder.mkdir(parents=True, exist_ok=True)
    test_data = paths.test_data(training.data["dataset"])
    record_predictions(trained.network, job.data, test_data, partial)
    write_history(partial, trained.history)
    weights = {key: value.contiguous() for key, value in trained.network.state_dict().items()}
    save_tensors(weights, partial / WEIGHTS)
    Record(
        id=training.id,
        approach=training.approach,
        role=training.role,
        networks=tuple(
            {
                "name": network.name,
                "id": network.id,
                "parameters": parameter_count(network, **job.dataset.image_shape),
                "architecture": network.to_dict(),
            }
            for network in training.networks
        ),
        dataset=job.dataset.name,
        seed=training.seed,
        recipe=asdict(job.recipe),
        recipe_hash=training.recipe_hash,
        parents=training.parents,
        cost=trained.cost,
        environment=environment(job.device),
        details=trained.details,
        checksums=checksums(partial),
    ).write(partial)
    for file in reversed(FILES):  # record.json last
        (partial / file).replace(final / file)
    partial.rmdir()
    job.checkpoint.unlink(missing_ok=True)
