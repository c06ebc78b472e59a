"""MotherNets (Wasay et al. 2020): train what a cluster has in common once, then hatch its members.

The graph is g stars. Each cluster's MotherNet is trained until it is done. Every member of the
cluster is hatched from it by function-preserving transformations, gets a little noise, and is
trained further. A cluster that several values of g share is trained once.

Open it to change how members are hatched or trained further. The trap: a cluster of one network is
its own MotherNet, so its record is Full Data's, and g = ensemble size *is* Full Data.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema
from pydantic.dataclasses import dataclass

from baselines.full_data import scratch
from mnbench.errors import UserError
from mnbench.mothernets import cluster, construct, minimum_g
from mnbench.planning.config import Budget, Budgets, Distinct
from mnbench.planning.plan import Lineage, Training
from mnbench.planning.planner import Setting
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT, LARGEST_RATE, Optimiser, Recipe, Schedule

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

NAME = "mothernets"
# Of a hatched network's logits from its MotherNet's, relative to the largest, in float32.
MAXIMUM_DIFFERENCE = 1e-4
HATCHED = 0.4  # of a recipe's epochs, for a hatched network, unless its own are given
CALIBRATION_IMAGES = 256  # enough for means and variances; thousands of pixels a channel
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
        gt=0,
        le=LARGEST_COUNT,
        description="Only the protocol `epochs`: epochs of a MotherNet. `null`, the default, is "
        "the recipe's. Members that are their own MotherNet keep the recipe's.",
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
        description="Shrink and perturb (Ash, Adams 2020): a hatched network starts from so much "
        "of its hatched weights, and the rest of a fresh initialisation. 1, the default and the "
        "paper's, keeps the function. Less separates replicated channels, and loses accuracy at "
        "first.",
        examples=[0.5],
    )


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of MotherNets."""

    g: Annotated[tuple[NumberOfClusters, ...], Field(min_length=1), Distinct] = Field(
        default=("minimum",),
        description="Numbers of clusters: one ensemble for each. `minimum` is the smallest number "
        "that the architecture set allows, `all` is its size. Numbers that coincide are trained "
        "once.",
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
    mothernet: Trunk = Trunk()
    hatched: Hatched = Hatched()
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return g stars for every g and budgets; equal clusters are one star."""
    _check_budgets(setting, options)
    total = Lineage()
    for budget, g in product(options.budgets, _numbers(setting, options)):
        try:
            groups = cluster(setting.members, g, **_sharing(setting, options))
        except UserError as error:
            raise setting.refuse(NAME, "g", f"'{setting.architecture_set}': {error}") from None
        for hatched_budget in options.hatched.budgets:
            total += _stars(setting, options, groups, budget, hatched_budget)
    return total


def _check_budgets(setting: Setting, options: Options) -> None:
    """Refuse budgets that give the same number of epochs."""
    own = options.hatched
    recipes = [_hatched_recipe(setting, own, hatched_budget) for hatched_budget in own.budgets]
    for recipe in (setting.recipe, _trunk_recipe(setting, options.mothernet), *recipes):
        setting.check_budgets(NAME, options.budgets, recipe)
    plain = _hatched_recipe(setting, own)
    for budget in options.budgets:
        setting.check_budgets(NAME, own.budgets, plain, "hatched.budgets", then=budget)


def _stars(
    setting: Setting,
    options: Options,
    groups: Sequence[tuple[int, ...]],
    budget: float,
    hatched_budget: float,
) -> Lineage:
    """Return a star for each group, and the ensembles of all members."""
    if hatched_budget != 1 and len(groups) == len(setting.members):
        return Lineage()  # nothing is hatched, so it is the plain point
    trainings: list[Training] = []
    members: dict[int, Training] = {}
    for group in groups:
        star = _star(setting, options, group, budget, hatched_budget)
        trainings += star
        members |= dict(zip(group, star[-len(group) :], strict=True))
    ordered = [members[index] for index in range(len(setting.members))]
    variant = "" if hatched_budget == 1 else f"hatched epochs x {hatched_budget:g}"
    ensembles = setting.ensembles(NAME, ordered, g=len(groups), budget=budget, variant=variant)
    return Lineage(tuple(trainings), ensembles)


def _sharing(setting: Setting, options: Options) -> dict[str, Any]:
    """Return the keyword arguments of :func:`cluster` that say what sharing is."""
    return {"tau": options.tau, "by": options.cluster_by, **setting.dataset.image_shape}


def _numbers(setting: Setting, options: Options) -> list[int]:
    """Return the numbers of clusters that the entries of ``g`` stand for, each once."""
    size = len(setting.members)
    named = {
        "minimum": minimum_g(setting.members, **_sharing(setting, options)),
        "all": size,
    }
    numbers: dict[Any, None] = dict.fromkeys(named.get(entry, entry) for entry in options.g)
    for g in numbers:
        if g > size:
            raise setting.refuse(
                NAME,
                "g",
                f"{g} clusters of the {size} networks of '{setting.architecture_set}' cannot be; "
                f"allowed: 1 to {size}, 'minimum', 'all'",
            )
    return list(numbers)


def _star(
    setting: Setting,
    options: Options,
    group: tuple[int, ...],
    budget: float,
    hatched_budget: float,
) -> tuple[Training, ...]:
    """Return the trainings of a cluster: its MotherNet, if it has one of its own, and members."""
    networks = [setting.members[index] for index in group]
    if len(networks) == 1:
        return (scratch(setting, networks[0], budget),)
    names = "+".join(network.name for network in networks)
    label = names if len(names) <= 40 else hashlib.sha256(names.encode()).hexdigest()[:8]
    mothernet = setting.training(
        NAME,
        f"mothernet_{label}",
        construct(networks, name="MotherNet"),
        recipe=_trunk_recipe(setting, options.mothernet),
        role="mothernet",
        budget=budget,
    )
    recipe = _hatched_recipe(setting, options.hatched, hatched_budget)
    return (
        mothernet,
        *(
            setting.training(
                NAME,
                f"{network.name}_from_{label}",
                network,
                recipe=recipe,
                parents=[mothernet],
                options={"noise": options.noise} | _kept(options.hatched),
                budget=budget,
                variant="" if hatched_budget == 1 else f"hatched{hatched_budget:g}",
            )
            for network in networks
        ),
    )


def _kept(hatched: Hatched) -> dict[str, float]:
    """Return what a hatched training's options say of ``keep``.

    Without the default, so that records of versions that kept everything stay valid.
    """
    return {} if hatched.keep == 1 else {"keep": hatched.keep}


def _scheduled(setting: Setting, recipe: Recipe, schedule: Schedule | None, option: str) -> Recipe:
    """Return the recipe with another schedule; None is its own."""
    if schedule is None:
        return recipe
    try:
        return replace(recipe, schedule=schedule)
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise setting.refuse(NAME, f"{option}.schedule", problem) from None


def _trunk_recipe(setting: Setting, trunk: Trunk) -> Recipe:
    """Return the recipe of MotherNets, of which a training takes its budget."""
    recipe = _scheduled(setting, setting.recipe, trunk.schedule, "mothernet")
    return replace(
        recipe,
        epochs=trunk.epochs or recipe.epochs,
        optimiser=_at_rate(recipe, trunk.learning_rate),
    )


def _at_rate(recipe: Recipe, learning_rate: float | None) -> Optimiser:
    """Return a recipe's optimiser with another peak rate; None is its own."""
    optimiser = recipe.optimiser
    return replace(optimiser, learning_rate=learning_rate or optimiser.learning_rate)


def _hatched_recipe(setting: Setting, hatched: Hatched, hatched_budget: float = 1.0) -> Recipe:
    """Return the recipe of hatched networks, of which a training takes its budget.

    Epochs are whole after either multiple, so that their order matters: *hatched_budget* is first.
    """
    recipe = _scheduled(setting, setting.recipe, hatched.schedule, "hatched")
    convergence = recipe.convergence
    return replace(
        recipe,
        epochs=hatched.epochs or max(1, round(HATCHED * setting.recipe.epochs)),
        convergence=replace(convergence, max_epochs=hatched.max_epochs or convergence.max_epochs),
        optimiser=_at_rate(recipe, hatched.learning_rate),
    ).with_budget(hatched_budget)


def train(job: "Job") -> "Trained":
    """Train a MotherNet from scratch, or hatch a member and train it further.

    Raises:
        UserError: the hatched network does not compute what its MotherNet computes.
    """
    if not job.training.parents:
        return job.fit(job.new_network(), phase="mothernet")

    from mnbench.mothernets.hatching import hatch, hatching_difference, perturb, shrink

    mothernet, images = job.parent_network(0), job.normalised(CALIBRATION_IMAGES)
    member = hatch(
        mothernet,
        job.parent_architecture(0),
        job.training.networks[0],
        generator=job.generator("hatch"),
        calibration=images,
    )
    difference = hatching_difference(mothernet, member, images)
    if not difference <= MAXIMUM_DIFFERENCE:  # so that NaN is refused as well
        raise UserError(
            f"{job.training.id}: hatching changed the logits by {difference:.1e} of the largest, "
            f"more than {MAXIMUM_DIFFERENCE:.0e}; this is a bug in mnbench.mothernets, please "
            "report it with the two architectures"
        )
    before = job.validation_error(member)
    if (keep := job.options.get("keep", 1.0)) < 1:
        shrink(member, job.new_network(), keep)
    perturb(member, job.options["noise"], job.generator("noise"))
    return job.fit(
        member,
        phase="hatched",
        rate_key="approaches.mothernets.hatched.learning_rate",
        details={
            "hatching_difference": difference,
            "error_before_noise": before,
            "error_after_noise": job.validation_error(member),
        },
    )
