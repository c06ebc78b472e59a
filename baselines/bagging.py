"""Bagging: each network from scratch on its own bootstrap sample (Breiman 1996).

Open it to change the sample. The trap: the ensemble's bootstrap here is of training images; the
confidence intervals have another, of test images.
"""

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from mnbench.planning.config import Budgets
from mnbench.planning.lineage import Lineage
from mnbench.planning.recipe import CONFIG
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    import torch

    from mnbench.training.job import Job, Trained

NAME = "bagging"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of Bagging."""

    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a graph without edges: each member is a training of its own."""
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    total = Lineage()
    for budget in options.budgets:
        members = tuple(
            setting.training(NAME, network.name, network, recipe=setting.recipe, budget=budget)
            for network in setting.members
        )
        total += Lineage(members, setting.ensembles(NAME, members, budget=budget))
    return total


def bootstrap(images: int, generator: "torch.Generator") -> "torch.Tensor":
    """Draw *images* indices from 0 to *images* - 1 with replacement, int64 ``(images,)``."""
    import torch

    return torch.randint(images, (images,), generator=generator)


def train(job: "Job") -> "Trained":
    """Train one network on its own sample; an epoch is one pass over the sample."""
    sample = bootstrap(len(job.data.train), job.generator("bootstrap"))
    details = {"distinct_images": int(sample.unique().numel())}
    return job.fit(job.new_network(), phase="scratch", sample=sample, details=details)
