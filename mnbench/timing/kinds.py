"""What decides how long a step of a training takes: its networks, its images, its batch.

Trainings with equal answers are of one kind, and a kind is measured once. Open it when a recipe
gets a key that makes steps slower. The trap: a network's own time does not depend on where its
weights come from, so that a hatched network is of the same kind as one from scratch; networks that
are trained jointly are, with what their approach notes for them, a kind of their own.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from mnbench.architectures import (
    Architecture,
    activation_count,
    forward_flops,
    parameter_count,
    training_flops,
)
from mnbench.architectures.counts import operations
from mnbench.planning.forecast import recipe_of, taught_images, training_images
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan
from mnbench.planning.recipe import Augmentation

KEY_DIGITS = 16


@dataclass(frozen=True)
class Sizes:
    """What a network's time is predicted from where it was not measured."""

    training_flops: int  # of an image
    forward_flops: int  # of an image
    elements: int  # outputs of all operations for an image: what normalisation and ReLU pass over
    operations: int
    parameters: int

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(*(getattr(self, key) + getattr(other, key) for key in vars(self)))


@dataclass(frozen=True)
class StepKind:
    """Trainings whose steps take the same time."""

    networks: tuple[Architecture, ...]
    jointly: str  # approach and options that train several networks together; "" for one network
    image: tuple[tuple[str, int], ...]  # image_size, in_channels and num_classes, by name
    batch_size: int
    augmentation: Augmentation
    precision: str
    compiled: bool

    @cached_property
    def key(self) -> str:
        """A hash of all that decides the time: how a calibration names the kind."""
        networks = [network.id for network in self.networks]
        augmentation = [self.augmentation.shift, self.augmentation.flip]
        rest = [self.batch_size, augmentation, self.precision, self.compiled]
        text = json.dumps([networks, self.jointly, self.image, rest])
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]

    @cached_property
    def sizes(self) -> Sizes:
        """The networks' sizes together; what jointly trained ones share counts for each."""
        each = [_sizes(network, self.image) for network in self.networks]
        return sum(each[1:], start=each[0])

    @property
    def manner(self) -> str:
        """How networks are trained, in words: what else than their sizes decides the time."""
        shift, flip = self.augmentation.shift, self.augmentation.flip
        return " ".join(
            [
                self.precision,
                *(["compiled"] if self.compiled else []),
                *([f"shifted by {shift}"] if shift else []),
                *(["flipped"] if flip else []),
                *([f"jointly: {self.jointly}"] if self.jointly else []),
            ]
        )

    def alone(self, network: Architecture) -> "StepKind":
        """Return the kind of a network by itself, on the same images and in the same batches."""
        rest = (self.image, self.batch_size, self.augmentation, self.precision, self.compiled)
        return StepKind((network,), "", *rest)


@cache
def _sizes(network: Architecture, image: tuple[tuple[str, int], ...]) -> Sizes:
    shape = dict(image)
    size = shape.pop("image_size")
    counted = () if network.library else tuple(operations(network, size, **shape))
    return Sizes(
        training_flops(network, size, **shape),
        forward_flops(network, size, **shape),
        activation_count(network, image_size=size, **shape),
        len(counted),
        parameter_count(network, image_size=size, **shape),
    )


@dataclass(frozen=True)
class TimedWork:
    """What a training does, in units that a calibration knows the seconds of."""

    kind: StepKind
    steps: float  # at most; an epoch's last batch is a part of one
    epochs: int  # at most
    validated: int  # images that the networks predict, none of them billed
    taught: tuple[tuple[StepKind, int], ...] = ()  # each teacher, and the images that it predicts


class Works:
    """The work of a plan's trainings; a plan has each recipe and network many times."""

    def __init__(self, plan: Plan) -> None:
        """Begin with nothing known.

        Args:
            plan: the study's plan.
        """
        self.plan = plan
        self._kinds: dict[tuple[Any, ...], StepKind] = {}

    def of(self, training: Training) -> TimedWork:
        """Return the work of a training of the plan."""
        dataset = self.plan.dataset(training.id.dataset)
        recipe, kind = recipe_of(training), self.kind(training)
        images = training_images(self.plan, training)
        development = training.data.get("development_images", 0)
        held_out = training.data["validation_images"]
        unseen = dataset.test_images + development
        answered = taught_images(self.plan, training)
        teachers = (self.plan.trainings[id] for id in self.plan.teachers(training.id))
        return TimedWork(
            kind,
            recipe.longest * images / kind.batch_size,
            recipe.longest,
            held_out * (recipe.longest + 1) + unseen,
            tuple((self.kind(teacher), answered) for teacher in teachers),
        )

    def kind(self, training: Training) -> StepKind:
        """Return what decides the time of a training's steps."""
        recipe = json.dumps(training.recipe)
        jointly = _jointly(training)
        networks = tuple(network.id for network in training.networks)
        key = (networks, jointly, training.id.dataset, recipe)
        if key not in self._kinds:
            parsed = recipe_of(training)
            image: Mapping[str, int] = self.plan.dataset(training.id.dataset).image_shape
            self._kinds[key] = StepKind(
                training.networks,
                jointly,
                tuple(sorted(image.items())),
                min(parsed.batch_size, training_images(self.plan, training)),
                parsed.augmentation,
                parsed.precision,
                parsed.compile,
            )
        return self._kinds[key]


def _jointly(training: Training) -> str:
    if len(training.networks) == 1:
        return ""
    return f"{training.approach} {json.dumps(training.options, sort_keys=True)}"
