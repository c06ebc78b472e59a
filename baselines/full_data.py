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
from mnbench.planning.recipe import CONFIG
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
        description="How many: the first of the set, each by itself. 0, the default, is none.",
        examples=[5],
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

    budgets: Budgets = (1.0,)
    longer: Longer = Longer()


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a graph without edges: each member is a training of its own."""
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    total = Lineage()
    for budget in options.budgets:
        members = _members(setting, budget)
        total += Lineage(members, setting.ensembles(NAME, members, budget=budget))
    return total + _longer(setting, options) if options.longer.networks else total


def _longer(setting: Setting, options: Options) -> Lineage:
    """Return the trainings of :class:`Longer`, one ensemble a budget."""
    networks, budgets = options.longer.networks, options.longer.budgets
    if setting.recipe.protocol == "convergence":
        raise setting.refuse(
            NAME,
            "longer.networks",
            "under recipe.protocol 'convergence' a training ends by itself; leave it out",
        )
    if networks > len(setting.members):
        raise setting.refuse(
            NAME,
            "longer.networks",
            f"{networks} is more than the {len(setting.members)} networks of "
            f"'{setting.architecture_set}'; give at most {len(setting.members)}",
        )
    setting.check_budgets(
        NAME, (*options.budgets, *budgets), setting.recipe, option="longer.budgets"
    )
    total = Lineage()
    for budget in budgets:
        members = _members(setting, budget)[:networks]
        ensembles = setting.ensembles(NAME, members, sizes=(networks,), budget=budget)
        total += Lineage(members, ensembles)
    return total


def _members(setting: Setting, budget: float) -> tuple[Training, ...]:
    return tuple(scratch(setting, network, budget) for network in setting.members)


def scratch(setting: Setting, network: Architecture, budget: float = 1.0) -> Training:
    """Return the training of one network from scratch, which other approaches share."""
    return setting.training(NAME, network.name, network, recipe=setting.recipe, budget=budget)


def train(job: "Job") -> "Trained":
    """Train one network from scratch."""
    return job.fit(job.new_network(), phase="scratch")
