"""The recipe: everything that decides a training run apart from the network, data and seed."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

CONFIG = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, config=CONFIG)
class Optimiser:
    """Stochastic gradient descent."""

    learning_rate: float = Field(0.1, gt=0)  # the peak
    momentum: float = Field(0.9, ge=0, lt=1)
    nesterov: bool = True
    weight_decay: float = Field(5e-4, ge=0)


@dataclass(frozen=True, config=CONFIG)
class Schedule:
    """The learning rate over a training's steps (see :mod:`mnbench.training.schedules`)."""

    name: Literal["cosine", "linear", "step", "constant", "plateau"] = "cosine"
    warmup: float = Field(0.0, ge=0, lt=1)  # fraction of the steps with a linearly rising rate
    # "step": decay at these fractions of the steps
    milestones: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.75)
    decay: float = Field(0.1, gt=0, lt=1)  # "step" and "plateau": factor
    decays: int = Field(2, ge=0)  # "plateau": how often patience may run out before the end


@dataclass(frozen=True, config=CONFIG)
class Convergence:
    """When a network has converged (the paper's rule, recalled)."""

    patience: int = Field(15, gt=0)  # epochs without an improvement
    min_improvement: float = Field(0.001, ge=0)  # of training accuracy, as a fraction
    max_epochs: int = Field(300, gt=0)


@dataclass(frozen=True, config=CONFIG)
class Augmentation:
    """Random changes to training images, drawn anew for each image and epoch."""

    shift: int = Field(0, ge=0)  # pixels, in each direction, both axes; the border is zero
    flip: bool = False  # left to right, every other image on average


@dataclass(frozen=True, config=CONFIG)
class Recipe:
    """How a network is trained; the same for every approach unless its options say otherwise."""

    protocol: Literal["epochs", "convergence"] = "epochs"
    epochs: int = Field(10, gt=0)  # "epochs": how many
    convergence: Convergence = Convergence()  # "convergence": until when
    batch_size: int = Field(128, gt=0)
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    augmentation: Augmentation = Augmentation()
    precision: Literal["float32", "bfloat16"] = "float32"  # of forward and backward
    compile: bool = False  # torch.compile; pays off on GPUs only

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        plateau = self.schedule.name == "plateau"
        if self.protocol == "convergence" and self.schedule.name in ("cosine", "linear"):
            raise ValueError(
                f"schedule '{self.schedule.name}' needs to know the end, which the protocol "
                "'convergence' does not; use 'plateau', 'step' or 'constant'"
            )
        if self.protocol == "epochs" and plateau:
            raise ValueError("schedule 'plateau' goes with the protocol 'convergence' only")
        return self

    @property
    def longest(self) -> int:
        """The number of epochs after which training ends at the latest."""
        return self.epochs if self.protocol == "epochs" else self.convergence.max_epochs

    def with_budget(self, budget: float) -> "Recipe":
        """Return the recipe with *budget* times the epochs, at least one."""
        return self if budget == 1 else replace(self, epochs=max(1, round(self.epochs * budget)))
