"""One network alone, at several budgets: what a fair reader asks an ensemble to beat.

Not an approach to ensembles but a reference: the ensemble's largest network, trained longer.
"""

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from baselines.full_data import scratch
from mnbench.architectures import Architecture, parameter_count
from mnbench.lineage import Setting
from mnbench.plan import Lineage
from mnbench.study import Budgets
from mnbench.training.recipe import CONFIG

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

NAME = "single_network"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say."""

    budgets: Budgets = (1.0, 2.0, 4.0)  # multiples of recipe.epochs


def lineage(setting: Setting, options: Options) -> Lineage:
    """An ensemble of one; at a budget of 1 it is Full Data's record."""
    setting.check_budgets(NAME, options.budgets)
    network = largest(setting)
    total = Lineage()
    for budget in options.budgets:
        if budget == 1:
            training = scratch(setting, network)
        else:
            training = setting.training(
                NAME, network.name, network, recipe=setting.recipe, budget=budget
            )
        total += Lineage((training,), setting.ensembles(NAME, [training], budget=budget))
    return total


def largest(setting: Setting) -> Architecture:
    """The member with the most parameters, the first of equals."""
    return max(setting.members, key=lambda net: parameter_count(net, **setting.image_shape))


def train(job: "Job") -> "Trained":
    """Train the network from scratch, for longer or shorter."""
    return job.fit(job.new_network(), phase="scratch")


if __name__ == "__main__":
    from mnbench.training.job import main

    main(train)
