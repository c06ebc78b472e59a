"""The options of MotherNets: what a configuration may say of them, with defaults as in the paper.

Open it to add an option, with its source. The trap: an option at its default must not be noted in a
training, or else the records of versions that did not know it are trained again.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic.dataclasses import dataclass

from mnbench.mothernets.descent import Descent
from mnbench.planning.config import Budget, Budgets, Distinct
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT, LARGEST_RATE, Schedule

NAME = "mothernets"
FORMER_NUMBERS = {"least": "minimum"}  # still valid as entries of g


def _check_g(entry: Any) -> int | str:
    if isinstance(entry, str):
        entry = FORMER_NUMBERS.get(entry, entry)
    number = isinstance(entry, int) and not isinstance(entry, bool) and entry > 0
    if not number and entry not in ("minimum", "all"):
        raise ValueError(f"must be a whole number from 1, 'minimum' or 'all', got {entry!r}")
    return entry


def _check_one(budgets: tuple[float, ...]) -> tuple[float, ...]:
    # Claims and labels of figures are those of the plain epochs.
    if 1 not in budgets:
        raise ValueError("must have 1 among them; set `epochs` to train all of them otherwise")
    return budgets


NumberOfClusters = Annotated[
    Any,
    AfterValidator(_check_g),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"enum": ["minimum", "all"]},
                {"enum": list(FORMER_NUMBERS), "deprecated": True},
            ]
        }
    ),
]


@dataclass(frozen=True, config=CONFIG)
class Trunk:
    """How MotherNets are trained: by the recipe, except for these keys."""

    epochs: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_COUNT,
        description="Only the protocol `epochs`: epochs of a MotherNet. `null`, the default, is "
        "the recipe's. With 0 it is not trained, and its members share its initialisation. "
        "Members that are their own MotherNet keep the recipe's.",
        examples=[5],
    )
    learning_rate: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST_RATE,
        description="Peak learning rate of a MotherNet. `null`, the default, is the recipe's.",
        examples=[0.05],
    )
    schedule: Schedule | None = Field(
        default=None,
        description="Schedule of a MotherNet. `null`, the default, is the recipe's. `constant` is "
        "a trunk: never annealed, since its members anneal.",
        examples=[{"name": "constant", "warmup": 0.1}],
    )
    hatched_epochs: int | None = Field(
        default=None,
        gt=0,
        le=LARGEST_COUNT,
        description="Only the protocol `epochs`: if given, the MotherNets of several clusters are "
        "hatched from the MotherNet of all networks, and trained for this number each. `null`, the "
        "default and the paper's, trains each from scratch.",
        examples=[2],
    )


@dataclass(frozen=True, config=CONFIG)
class Hatched:
    """How hatched networks are trained: by the recipe, except for these keys."""

    epochs: int | None = Field(
        default=None,
        gt=0,
        le=LARGEST_COUNT,
        description="Only the protocol `epochs`: epochs of a hatched network. `null`, the default, "
        "is two fifths of the recipe's.",
        examples=[4],
    )
    max_epochs: int | None = Field(
        default=None,
        gt=0,
        le=LARGEST_COUNT,
        description="Only the protocol `convergence`: maximum number of epochs of a hatched "
        "network. `null`, the default, is the recipe's.",
        examples=[90],
    )
    budgets: Annotated[tuple[Budget, ...], Distinct, AfterValidator(_check_one)] = Field(
        default=(1.0,),
        description="Multiples of a hatched network's epochs, 1 among them. Each is tried at every "
        "`g` and budget, on the MotherNets of that budget, which are trained once: with 10 epochs "
        "of a MotherNet and 4 of a hatched network, `[0.5, 1]` gives 10 + 2 and 10 + 4. Points of "
        "another multiple than 1 are a `variant` in tables. Under the protocol `convergence` only "
        "1 is allowed.",
        examples=[(0.5, 1, 2)],
    )
    learning_rate: float | None = Field(
        default=None,
        gt=0,
        le=LARGEST_RATE,
        description="Peak learning rate of a hatched network. `null`, the default, is the "
        "recipe's.",
        examples=[0.05],
    )
    schedule: Schedule | None = Field(
        default=None,
        description="Schedule of a hatched network. `null`, the default, is the recipe's.",
        examples=[{"name": "cosine"}],
    )
    keep: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Shrink and perturb (Ash, Adams 2020): a hatched network starts from this "
        "fraction of its hatched weights, and the rest of a fresh initialisation. 1, the default "
        "and the paper's, keeps the function. Less separates replicated channels, and loses "
        "accuracy at first.",
        examples=[0.5],
    )
    split: Literal["equal", "unequal"] = Field(
        default="equal",
        description="By which shares the replicas of a channel are read. `unequal` draws them "
        "(LEMON: Wang et al. 2024), which keeps the function and tells replicas different things. "
        "`equal`, the default, is the paper's.",
        examples=["unequal"],
    )
    anew: Literal["nothing", "head", "last_block"] = Field(
        default="nothing",
        description="What of a hatched network is initialised anew: `nothing`, the default and "
        "the paper's, its `head`, or its `last_block` and head.",
        examples=["head"],
    )
    anew_fraction: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Fraction of all weights, chosen at random, that are initialised anew. The "
        "default is none.",
        examples=[0.2],
    )
    momentum: Literal["zero", "carried"] = Field(
        default="zero",
        description="The optimiser's momentum at the start of a hatched network: `zero`, the "
        "default, or `carried` over from the parent (Shen et al. 2022), inserted layers at zero.",
        examples=["carried"],
    )
    inserted_rate: float = Field(
        default=1.0,
        gt=0,
        le=LARGEST_RATE,
        description="Factor of the learning rate of inserted layers' parameters, which a parent "
        "did not have. The default is 1.",
        examples=[2],
    )
    snapshots: int = Field(
        default=1,
        gt=0,
        le=LARGEST_COUNT,
        description="Number of networks of an ensemble that each hatched network gives. Its epochs "
        "are divided among that number of cycles, each with the whole schedule. The networks at "
        "their ends predict, and count as networks of the ensemble.",
        examples=[2],
    )


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of MotherNets."""

    g: Annotated[tuple[NumberOfClusters, ...], Field(min_length=1), Distinct] = Field(
        default=("minimum",),
        description="Numbers of clusters: one ensemble for each. `minimum` is the smallest number "
        "that the architecture set allows (with `tau`, of more than 10 networks, that the search "
        "finds), `all` is its size. Numbers that coincide are trained once.",
        examples=[("minimum", 2, "all")],
    )
    cluster_by: Literal["parameters", "training_flops"] = Field(
        default="parameters",
        description="What networks of a cluster shall share most: `parameters`, as in the paper "
        "(unverified), or `training_flops`. They differ where a few layers have most parameters, "
        "as the hidden layers of a wide head do.",
        examples=["training_flops"],
    )
    tau: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Minimum fraction of each member's parameters, or of what `cluster_by` "
        "says, that its MotherNet must have. "
        "0, the default, asks for nothing. An earlier version of the paper has 0.5 (unverified).",
        examples=[0.5],
    )
    noise: float = Field(
        default=0.1,
        ge=0,
        le=100,
        description="Standard deviation of the noise added to hatched weights, as a fraction of "
        "each weight tensor's own standard deviation.",
        examples=[0.0],
    )
    descent: Descent = Field(
        default="star",
        description="From whom members are hatched: `star`, the default and the paper's, from "
        "their MotherNet. `tree`: from the nearest relative, the largest member of the cluster "
        "from which they can be.",
        examples=["tree"],
    )
    mothernet: Trunk = Trunk()
    hatched: Hatched = Hatched()
    budgets: Budgets = (1.0,)
