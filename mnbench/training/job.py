"""A training job, as an approach's ``train`` sees it: one training and what it may use.

Open it to learn what a ``train`` can use (:class:`Job`) and must return (:class:`Trained`). The
trap: nothing here may import what opens the test images. Records are written in ``run``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mnbench.architectures import (
    Architecture,
    build,
    forward_flops,
    training_flops,
)
from mnbench.datasets import Dataset
from mnbench.planning.lineage import Training
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import TrainingRecipe
from mnbench.planning.seeds import derive_seed
from mnbench.records.record import (
    Cost,
    Record,
    read_record,
)
from mnbench.training.data import TrainingSet
from mnbench.training.loop import RATE_KEY, Loss, Row, Work, cross_entropy, evaluate, fit
from mnbench.training.optimiser import give_momentum, momentum_of, new_optimiser
from mnbench.training.progress import Progress
from mnbench.training.teacher import Teacher
from mnbench.training.weights import recorded_momentum, recorded_network


@dataclass(frozen=True, eq=False)
class Trained:
    """What an approach's ``train`` returns."""

    network: nn.Module
    history: list[Row]
    cost: Cost
    details: dict[str, Any]  # what only this approach measures
    momentum: Mapping[str, Tensor] = field(default_factory=dict)  # kept for children, by parameter


@dataclass(frozen=True, eq=False)
class Job:
    """One training and what it needs. It cannot reach the test images."""

    training: Training
    dataset: Dataset  # what the images are of
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
    def recipe(self) -> TrainingRecipe:
        """How to train."""
        source = str(self.training.id)
        return parse(TrainingRecipe, self.training.recipe, source=source, key="recipe")

    def generator(self, purpose: str) -> torch.Generator:
        """Return a CPU generator whose seed the training's seed and *purpose* decide."""
        return torch.Generator().manual_seed(derive_seed(self.training.seed, purpose))

    def new_networks(self, *, pretrained: bool = True) -> list[nn.Module]:
        """Return the training's networks, with new random or a library's pretrained weights.

        Args:
            pretrained: False gives random weights even where the library has others.
        """
        torch.manual_seed(derive_seed(self.training.seed, "initialisation"))
        shape: dict[str, Any] = self.dataset.image_shape
        return [
            build(network, **shape, pretrained=pretrained).to(self.device)
            for network in self.training.networks
        ]

    def new_network(self, *, pretrained: bool = True) -> nn.Module:
        """Return the training's one network, made as :meth:`new_networks` makes it."""
        (network,) = self.new_networks(pretrained=pretrained)
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
        return recorded_network(self._parent_directory(index), self.dataset, self.device)

    def parent_momentum(self, index: int, network: nn.Module) -> dict[str, Tensor]:
        """Return the momentum that a parent kept, by the name of its network's parameter.

        Args:
            index: of the parent.
            network: what :meth:`parent_network` returned.

        Raises:
            UserError: the file is missing, altered or damaged, or lacks momentum of a parameter.
        """
        return recorded_momentum(self._parent_directory(index), network)

    def teacher(self, index: int) -> Teacher:
        """Return a parent as a teacher: a function from a batch to logits."""
        return Teacher(self.parent_network(index), self.data, self.recipe.augmentation)

    def normalised(self, images: int) -> Tensor:
        """Return the first *images* training images normalised, not augmented."""
        return self.data.normalise(self.data.train.images[:images])

    def validation_error(self, network: nn.Module) -> float:
        """Return a network's error rate on the validation images, a fraction; it is not billed.

        Args:
            network: on the job's device; left in eval mode.
        """
        _, accuracy = evaluate(network, self.data)
        return 1 - accuracy

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
        rate_factors: Mapping[str, float] | None = None,
        momentum: Mapping[str, Tensor] | None = None,
        keeps_momentum: bool = False,
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
            rate_factors: of the learning rate, by the name of a parameter; 1 where nothing is said.
            momentum: to begin with, by the name of a parameter; none where nothing is said.
            keeps_momentum: whether the record keeps the momentum at the end, for children.
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
        optimiser = new_optimiser(network, self.recipe, rate_factors)
        give_momentum(network, optimiser, momentum or {})
        history, cost = fit(
            network,
            self.data,
            self.recipe,
            seed=self.training.seed,
            work=work,
            phase=phase,
            loss=loss,
            beforehand=teacher.predict_beforehand if teacher and once else None,
            sample=sample,
            optimiser=optimiser,
            checkpoint_file=self.checkpoint,
            identity=self.training.recipe_hash,
            rate_key=rate_key,
            report=self.progress.epoch,
        )
        kept = momentum_of(network, optimiser) if keeps_momentum else {}
        return Trained(network, history, cost, details or {}, kept)
