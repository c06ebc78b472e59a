"""The recipe: everything that decides a training apart from the network, the data and the seed.

Open it to learn what a key of ``recipe`` means, or to add one. Descriptions and examples become
documentation (:mod:`mnbench.report.configuration`). The trap: a new field changes the hash of
every recipe, and so every finished record would be trained again.
"""

from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

LARGEST_RATE = 1e6  # no network learns at it; numbers far beyond it overflow
LARGEST_COUNT = 10**9  # of epochs and the like: nobody waits for it; numbers far beyond overflow
FALLING = ("cosine", "linear")  # the schedules that fall to 0
SCHEDULES_WITH = {  # the keys of a schedule that only some of them have
    "stable": FALLING,
    "milestones": ("step",),
    "decay": ("step", "plateau"),
    "decays": ("plateau",),
}
CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, config=CONFIG)
class Optimiser:
    """Stochastic gradient descent with momentum."""

    learning_rate: float = Field(
        default=0.1,
        gt=0,
        le=LARGEST_RATE,
        description="Peak learning rate, at the start of the schedule or the end of its warm-up. "
        "The default is the paper's (unverified).",
        examples=[0.05],
    )
    momentum: float = Field(
        default=0.9,
        ge=0,
        lt=1,
        description="Momentum. 0 is plain gradient descent.",
        examples=[0.9],
    )
    nesterov: bool = Field(
        default=True,
        description="Whether the momentum is Nesterov's. Without momentum it has no effect.",
        examples=[False],
    )
    weight_decay: float = Field(
        default=5e-4,
        ge=0,
        le=LARGEST_RATE,
        description="Weight decay: L2 penalty, added to the gradient of every parameter.",
        examples=[1e-4],
    )


@dataclass(frozen=True, config=CONFIG)
class Schedule:
    """The learning rate over a training's steps."""

    name: Literal["cosine", "linear", "step", "constant", "plateau"] = Field(
        default="cosine",
        description="Shape of the learning rate. `cosine` and `linear` fall to 0 and need a fixed "
        "number of epochs. `step` decays at `milestones`. `plateau` decays when training accuracy "
        "stops improving and goes with the protocol `convergence` only.",
        examples=["plateau"],
    )
    warmup: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Fraction of the steps over which the rate first rises linearly. The default "
        "is no warm-up.",
        examples=[0.1],
    )
    stable: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Only `cosine` and `linear`: fraction of the steps, after the warm-up, for "
        "which the rate stays at its peak before it falls (warm-up, stable, decay). The default is "
        "none.",
        examples=[0.5],
    )
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        default=(0.5, 0.75),
        description="Only `step`: where the rate decays, as fractions of the steps after warm-up.",
        examples=[(0.3, 0.6, 0.9)],
    )
    decay: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Only `step` and `plateau`: factor by which the rate is multiplied at a decay.",
        examples=[0.2],
    )
    decays: int = Field(
        default=2,
        ge=0,
        le=LARGEST_COUNT,
        description="Only `plateau`: number of decays. The rate decays each time `patience` epochs "
        "pass without an improvement. After the last decay, training ends the next time they do.",
        examples=[3],
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for key, names in SCHEDULES_WITH.items():
            default = getattr(Schedule, key)  # stands in a configuration that has every key
            if self.name not in names and getattr(self, key) != default:
                raise ValueError(
                    f"{key}: the schedule '{self.name}' has none; use "
                    f"{' or '.join(map(repr, names))}, or leave it out"
                )
        if self.warmup + self.stable >= 1:
            raise ValueError("warmup and stable: nothing is left to fall in; make them less than 1")
        return self


@dataclass(frozen=True, config=CONFIG)
class Convergence:
    """When a network has converged, under the protocol `convergence`. The rule is unverified."""

    patience: int = Field(
        default=15,
        gt=0,
        le=LARGEST_COUNT,
        description="Epochs without an improvement after which a network has converged. The "
        "default is the paper's (unverified).",
        examples=[10],
    )
    min_improvement: float = Field(
        default=0.001,
        ge=0,
        le=1,
        description="Minimum improvement of training accuracy that counts, as a fraction. The "
        "default is the paper's 0.1 % (unverified).",
        examples=[0.002],
    )
    max_epochs: int = Field(
        default=300,
        gt=0,
        le=LARGEST_COUNT,
        description="Maximum number of epochs, should a network not converge before.",
        examples=[200],
    )


@dataclass(frozen=True, config=CONFIG)
class Augmentation:
    """Random changes to training images, drawn anew for each image and epoch."""

    shift: int = Field(
        default=0,
        ge=0,
        description="Maximum shift in pixels, in each direction of both axes. The border is filled "
        "with zeros. The default is no shift.",
        examples=[4],
    )
    flip: bool = Field(
        default=False,
        description="Whether each image is mirrored left to right with probability one half.",
        examples=[True],
    )


@dataclass(frozen=True, config=CONFIG)
class Recipe:
    """How a network is trained: the same for every approach unless its options say otherwise."""

    protocol: Literal["epochs", "convergence"] = Field(
        default="epochs",
        description="When a training ends: after a fixed number of epochs, or when the network has "
        "converged.",
        examples=["convergence"],
    )
    epochs: int = Field(
        default=10,
        gt=0,
        le=LARGEST_COUNT,
        description="Only the protocol `epochs`: passes over the training set.",
        examples=[20],
    )
    convergence: Convergence = Convergence()
    batch_size: int = Field(
        default=128,
        ge=2,  # batch normalisation has no deviation of one
        le=LARGEST_COUNT,
        description="Images in a mini-batch. One image left over at the end of an epoch joins the "
        "batch before it. The paper's is 256 (unverified).",
        examples=[256],
    )
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    augmentation: Augmentation = Augmentation()
    precision: Literal["float32", "ieee", "bfloat16"] = Field(
        default="float32",
        description="Number format of the forward and backward pass. With `float32`, the default, "
        "a GPU multiplies in TF32, where it can; a CPU, and with `ieee` a GPU, in full float32. "
        "`environment.arithmetic` of a record says which it was. Weights, evaluation and hatching "
        "are in full float32 always.",
        examples=["bfloat16"],
    )
    compile: bool = Field(
        default=False,
        description="Whether networks are compiled by `torch.compile`, layer by layer: networks "
        "share the code of equal layers. It takes a minute or more at first, and pays off for long "
        "trainings on GPUs only.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        plateau = self.schedule.name == "plateau"
        if self.protocol == "convergence" and self.schedule.name in FALLING:
            raise ValueError(
                f"schedule '{self.schedule.name}' needs to know the end, which the protocol "
                "'convergence' does not; use 'plateau', 'step' or 'constant'"
            )
        if self.protocol == "epochs" and plateau:
            raise ValueError(
                "schedule 'plateau' goes with the protocol 'convergence' only; use that protocol, "
                "or 'cosine', 'linear', 'step' or 'constant'"
            )
        return self

    def plain(self) -> dict[str, Any]:
        """Return the recipe as plain values, as records and plans have it.

        A key that came later is left out at its default, so that hashes of former records stay.
        """
        values = asdict(self)
        values["schedule"]["milestones"] = list(self.schedule.milestones)  # as JSON gives it back
        if not self.schedule.stable:
            del values["schedule"]["stable"]
        return values

    @property
    def longest(self) -> int:
        """The maximum number of epochs."""
        return self.epochs if self.protocol == "epochs" else self.convergence.max_epochs

    def with_budget(self, budget: float) -> Self:
        """Return the recipe with *budget* times the epochs: at least one, unless it has none.

        More than any recipe may have are that many.
        """
        if budget == 1 or not self.epochs:
            return self
        return replace(self, epochs=min(max(1, round(self.epochs * budget)), LARGEST_COUNT))


@dataclass(frozen=True, config=CONFIG)
class TrainingRecipe(Recipe):
    """The recipe of one training, as plans and records have it: it may have no epochs.

    The network then stays as it was initialised. A study asks for that of MotherNets only.
    """

    epochs: int = Field(default=10, ge=0, le=LARGEST_COUNT)


def batch_sizes(images: int, batch_size: int) -> list[int]:
    """Return the sizes of an epoch's batches: all *batch_size*, the last one what is left.

    One image left over joins the batch before it: batch normalisation has no deviation of one.

    >>> batch_sizes(300, 128), batch_sizes(257, 128)
    ([128, 128, 44], [128, 129])
    """
    whole, left = divmod(images, batch_size)
    sizes = [batch_size] * whole
    if left == 1 and sizes:
        sizes[-1] += 1
    elif left:
        sizes.append(left)
    return sizes
