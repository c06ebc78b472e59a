"""Full Data: every network from scratch on all training data, its own random initialisation.

Open it for the plainest approach of all. The trap: other approaches use its records, so a change
here trains them again too.
"""

from typing import TYPE_CHECKING

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
class Options:
    """What a configuration may say of Full Data."""

    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a graph without edges: each member is a training of its own."""
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    total = Lineage()
    for budget in options.budgets:
        members = tuple(scratch(setting, network, budget) for network in setting.members)
        total += Lineage(members, setting.ensembles(NAME, members, budget=budget))
    return total


def scratch(setting: Setting, network: Architecture, budget: float = 1.0) -> Training:
    """Return the training of one network from scratch, which other approaches share."""
    return setting.training(NAME, network.name, network, recipe=setting.recipe, budget=budget)


def train(job: "Job") -> "Trained":
    """Train one network from scratch."""
    return job.fit(job.new_network(), phase="scratch")
