"""One network with as many parameters as a whole ensemble: a control.

It is the comparison of Wasay and Idreos ("More or Less: When and How to Build Convolutional Neural
Network Ensembles", ICLR 2021; unverified): does an ensemble beat one network of its size? The
network is the member of the ensemble whose number of parameters is nearest the mean, with all
widths multiplied by one factor. It has the depth of a member, so that it differs from the ensemble
as their *depth-equivalent* ensembles differ from their one network. In a set of several families
that member need not be typical. Equal parameters are not equal FLOPs. Under the protocol `epochs`
the number of epochs is the one whose training FLOPs are nearest Full Data's. Under `convergence`
the network trains until it has converged, at whatever cost.

Open it to widen another member. The trap: a point's size is that of the ensemble that the network
stands for, although it is one network.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from baselines.snapshot_ensembles import nearest_mean
from mnbench.architectures import Architecture, parameter_count, training_flops, widened
from mnbench.errors import UserError
from mnbench.planning.config import Budgets, Distinct
from mnbench.planning.lineage import Lineage
from mnbench.planning.recipe import CONFIG
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from mnbench.training.job import Job, Trained

NAME = "wider_network"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of the wider network."""

    sizes: Annotated[tuple[Annotated[int, Field(gt=1)], ...], Distinct] = Field(
        default=(),
        description="Sizes of the ensembles that a network stands for: one network for each, as "
        "large as the first networks of the set together. The default, `[]`, is all networks only.",
        examples=[(3, 5)],
    )
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return one training for every size and budget, without sizes that cannot be widened to.

    Raises:
        UserError: a size exceeds the set, or two budgets give the same number of epochs.
    """
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    largest_size = len(setting.members)
    if too_large := [size for size in options.sizes if size > largest_size]:
        raise setting.refuse(
            NAME,
            "sizes",
            f"{too_large[0]} is more than the {largest_size} networks of "
            f"'{setting.architecture_set}'; allowed: 2 to {largest_size}",
        )
    bases = {size: nearest_mean(setting, size) for size in options.sizes or (largest_size,)}
    networks: dict[int, Architecture] = {}
    reasons: dict[int, str | None] = {}
    for size, base in bases.items():
        reasons[size] = f"the layers of {base.name} are those of a library"
        if not base.library:
            try:
                networks[size] = as_large_as(setting, base, size)
                reasons[size] = None
            except UserError as error:
                reasons[size] = str(error)
    total = Lineage(left_out=setting.left_out(reasons))
    for size, network in networks.items():
        total += _of_size(setting, size, options.budgets, network)
    return total


def as_large_as(setting: Setting, base: Architecture, size: int) -> Architecture:
    """Return *base*, widened to the number of parameters of the first *size* members together.

    Raises:
        UserError: no width makes it as large.
    """
    shape = setting.dataset.image_shape
    parameters = sum(parameter_count(member, **shape) for member in setting.members[:size])
    return replace(widened(base, parameters, **shape), name=f"{base.name}_as_{size}")


def _of_size(
    setting: Setting, size: int, budgets: Sequence[float], network: Architecture
) -> Lineage:
    """Return the trainings that stand for one size, a budget each."""
    epochs = {budget: _epochs(setting, size, budget, network) for budget in budgets}
    fixed = setting.recipe.protocol == "epochs"
    if fixed and len(set(epochs.values())) < len(epochs):
        raise setting.refuse(
            NAME,
            "budgets",
            f"{list(budgets)} give {list(epochs.values())} epochs of {network.name}; give budgets "
            "that differ in whole epochs",
        )
    total = Lineage()
    for budget in budgets:
        training = setting.training(
            NAME,
            network.name,
            network,
            recipe=setting.recipe,
            budget=budget,
            epochs=epochs[budget] if fixed else None,
        )
        (ensemble,) = setting.ensembles(NAME, [training], budget=budget)
        total += Lineage((training,), (replace(ensemble, size=size),))
    return total


def _epochs(setting: Setting, size: int, budget: float, network: Architecture) -> int:
    """Return the epochs whose FLOPs are nearest Full Data's of *size* networks, at least one."""
    shape = setting.dataset.image_shape
    image_size = shape.pop("image_size")
    full_data = sum(training_flops(net, image_size, **shape) for net in setting.members[:size])
    wanted = setting.recipe.with_budget(budget).epochs * full_data
    return max(1, round(wanted / training_flops(network, image_size, **shape)))


def train(job: "Job") -> "Trained":
    """Train the wider network from scratch."""
    return job.fit(job.new_network(), phase="scratch")
