"""Snapshot Ensembles (Huang et al. 2017): one run of M cosine cycles, the last m snapshots predict.

The graph is a path of equal networks: each cycle is a training whose parent is the snapshot before.
An ensemble of m takes the last m of the M snapshots, since later ones err less (section 3). Every
size is of the same run and is billed all M cycles. An ensemble of fewer cycles is another run, at a
lower cost: a study with fewer `cycles`, or a smaller budget.

Open it to change the cycle. The trap: a cycle keeps the weights of its parent, but its learning
rate starts again at the peak and its momentum at zero, which lasts a handful of steps.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnbench.architectures import Architecture, parameter_count
from mnbench.architectures.variants import MAXIMUM_NETWORKS
from mnbench.planning.config import Budgets
from mnbench.planning.lineage import Lineage, Training
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT, Schedule
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

NAME = "snapshot_ensembles"
MOST_CYCLES = MAXIMUM_NETWORKS  # one for each network of the largest architecture set


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of Snapshot Ensembles."""

    epochs_per_cycle: int = Field(
        default=40,
        gt=0,
        le=LARGEST_COUNT,
        description="Epochs of one cosine cycle, after which a member is saved. The protocol and "
        "the schedule of the recipe do not apply here, nor do its epochs: all cycles together take "
        "this times `cycles`. Choose it by recipe.epochs. The default is the paper's (unverified).",
        examples=[4],
    )
    cycles: int | None = Field(
        default=None,
        gt=0,
        le=MOST_CYCLES,
        description="Number of cycles, M. An ensemble of m networks takes the last m snapshots and "
        "costs all M cycles, so that M must not be below the number of networks of the set. "
        "`null`, the default, is that number.",
        examples=[8],
    )
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return a path of M cycles at every budget; the last m snapshots are the ensemble of size m.

    Raises:
        UserError: the cycles are fewer than the networks of the architecture set.
    """
    network, largest_size = nearest_mean(setting), len(setting.members)
    cycles = options.cycles or largest_size
    if cycles < largest_size:
        raise setting.refuse(
            NAME,
            "cycles",
            f"{cycles} cycles leave fewer snapshots than the {largest_size} networks of "
            f"'{setting.architecture_set}'; use {largest_size} or more",
        )
    recipe = replace(
        setting.recipe,
        protocol="epochs",
        epochs=options.epochs_per_cycle,
        schedule=Schedule(name="cosine"),
    )
    setting.check_budgets(NAME, options.budgets, recipe)
    total = Lineage()
    for budget in options.budgets:
        snapshots: list[Training] = []
        for cycle in range(1, cycles + 1):
            snapshot = setting.training(
                NAME,
                f"{network.name}_cycle{cycle}",
                network,
                recipe=recipe,
                parents=snapshots[-1:],
                budget=budget,
            )
            snapshots.append(snapshot)
        total += Lineage(
            tuple(snapshots),
            setting.ensembles(
                NAME, snapshots[::-1], sizes=range(1, largest_size + 1), budget=budget
            ),
        )
    return total


def nearest_mean(setting: Setting, size: int | None = None) -> Architecture:
    """Return the member whose number of parameters is nearest the members' mean (unverified).

    Args:
        setting: whose members.
        size: how many of the first members; all unless given.
    """
    members = setting.members[:size]
    counts = [parameter_count(network, **setting.dataset.image_shape) for network in members]
    mean = sum(counts) / len(counts)
    distances = [abs(count - mean) for count in counts]
    return members[distances.index(min(distances))]


def train(job: "Job") -> "Trained":
    """Train one cycle, from the snapshot before if there is one."""
    network = job.parent_network(0) if job.training.parents else job.new_network()
    return job.fit(network, phase="cycle")
