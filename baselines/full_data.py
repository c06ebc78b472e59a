"""Full Data: every network from scratch on all training data, its own random initialisation.

Open it for the plainest approach of all. The trap: other approaches use its records, so a change
here trains them again too.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnbench.architectures import Architecture
from mnbench.planning.config import Budgets
from mnbench.planning.lineage import Lineage, Training
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

NAME = "full_data"


@dataclass(frozen=True, config=CONFIG)
class Longer:
    """Networks trained for longer, to tell whether all have converged; no curve has them."""

    networks: int = Field(
        default=0,
        ge=0,
        description="How many: the first of the set, each by itself, and fewer than Full "
        "Data has. 0, the default, is none.",
        examples=[3],
    )
    budgets: tuple[Annotated[float, Field(gt=1, le=1000)], ...] = Field(
        default=(2.0,),
        min_length=1,
        description="Multiples of the recipe's epochs; for each, `convergence.csv` has what a "
        "network gains.",
        examples=[(2, 4)],
    )


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of Full Data."""

    networks: int = Field(
        default=0,
        ge=0,
        le=LARGEST_COUNT,
        description="How many: the first of the set, where every one from scratch is too much to "
        "train. 0, the default, is all. Claims that compare ensembles of one size need all.",
        examples=[10],
    )
    budgets: Budgets = (1.0,)
    longer: Longer = Longer()


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a graph without edges: each member is a training of its own.

    Raises:
        UserError: there are fewer networks than the options ask for, or options do not combine.
    """
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    number, most = options.networks or len(setting.members), len(setting.members)
    if number > most:
        raise setting.refuse(
            NAME,
            "networks",
            f"{number} is more than the {most} networks of '{setting.architecture_set}'; "
            f"give at most {most}",
        )
    total = Lineage()
    for budget in options.budgets:
        members = _members(setting, budget, number)
        total += Lineage(members, setting.ensembles(NAME, members, budget=budget))
    if options.longer.networks:
        return total + _longer(setting, options, number)
    # A variant that trains none for longer has the budgets of the approach itself.
    if options.longer != Longer() and not setting.variant:
        raise setting.refuse(NAME, "longer.networks", "0 trains none for longer; say how many")
    return total


def _longer(setting: Setting, options: Options, trained: int) -> Lineage:
    """Return the trainings of :class:`Longer`, one ensemble a budget.

    Args:
        setting: in which they are.
        options: of Full Data.
        trained: how many networks are trained for the recipe's epochs, to compare with.
    """
    networks, budgets = options.longer.networks, options.longer.budgets
    if setting.recipe.protocol == "convergence":
        raise setting.refuse(
            NAME,
            "longer.networks",
            "under recipe.protocol 'convergence' a training ends by itself; leave it out",
        )
    if networks >= trained:
        # Together they would be Full Data at another budget, and a point of its curve.
        raise setting.refuse(
            NAME,
            "longer.networks",
            f"{networks} is not fewer than the {trained} that Full Data has; give fewer, or train "
            f"all of them for longer by approaches.{NAME}.budgets",
        )
    setting.check_budgets(
        NAME, (*options.budgets, *budgets), setting.recipe, option="longer.budgets"
    )
    total = Lineage()
    for budget in budgets:
        members = _members(setting, budget, networks)
        ensembles = setting.ensembles(NAME, members, sizes=(networks,), budget=budget)
        total += Lineage(members, ensembles)
    return total


def _members(setting: Setting, budget: float, networks: int) -> tuple[Training, ...]:
    return tuple(scratch(setting, network, budget) for network in setting.members[:networks])


def scratch(setting: Setting, network: Architecture, budget: float = 1.0) -> Training:
    """Return the training of one network from scratch, which other approaches share."""
    return setting.training(NAME, network.name, network, recipe=setting.recipe, budget=budget)


def train(job: "Job") -> "Trained":
    """Train one network from scratch."""
    return job.fit(job.new_network(), phase="scratch")
