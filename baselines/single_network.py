"""One network alone, at several budgets: the reference that an ensemble should beat.

It is the largest network of the architecture set. Full Data trains it, so that this module has no
``train``.

Open it to compare ensembles with another network. The trap: its records are Full Data's, under Full
Data's ids.
"""

from pydantic.dataclasses import dataclass

from baselines.full_data import scratch
from mnbench.architectures import Architecture, parameter_count
from mnbench.planning.config import Budgets
from mnbench.planning.lineage import Lineage
from mnbench.planning.recipe import CONFIG
from mnbench.planning.setting import Setting

NAME = "single_network"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of the network alone."""

    budgets: Budgets = (1.0, 2.0, 4.0)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return an ensemble of one at every budget: Full Data's record of the largest network."""
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    network = largest(setting)
    total = Lineage()
    for budget in options.budgets:
        training = scratch(setting, network, budget)
        total += Lineage((training,), setting.ensembles(NAME, [training], budget=budget))
    return total


def largest(setting: Setting) -> Architecture:
    """Return the member with the most parameters, the first of equals."""
    return max(setting.members, key=lambda net: parameter_count(net, **setting.dataset.image_shape))
