"""TreeNets (Lee et al. 2015): first layers shared, then a branch a member, all trained together.

The networks of a tree are trained jointly, so they share one record.

Open it to change where branches begin. The trap: a smaller ensemble is no prefix of a larger one;
each size is a tree of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import product, takewhile
from operator import add
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnbench.architectures import Architecture, Plain, training_flops
from mnbench.planning.config import Budgets, Distinct
from mnbench.planning.plan import Lineage
from mnbench.planning.planner import Setting
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mnbench.training.job import Job, Trained
    from mnbench.training.loop import Batch

NAME = "treenets"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of TreeNets."""

    shared_layers: int = Field(
        default=1,
        gt=0,
        le=LARGEST_COUNT,
        description="Number of convolutional layers that all networks share, before the branches. "
        "The pooling behind the last of them is shared as well.",
        examples=[2],
    )
    sizes: Annotated[tuple[Annotated[int, Field(gt=1)], ...], Distinct] = Field(
        default=(),
        description="Ensemble sizes. Each is trained as a tree of its own, from the first networks "
        "of the set. The default, `[]`, is all networks only.",
        examples=[(3, 5)],
    )
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return one joint training for every size and budget, or why no trunk can be shared."""
    members = setting.members
    setting.check_budgets(NAME, options.budgets, setting.recipe)
    for size in options.sizes:
        if size > len(members):
            raise setting.refuse(
                NAME,
                "sizes",
                f"{size} is more than the {len(members)} networks of '{setting.architecture_set}'; "
                f"allowed: 2 to {len(members)}",
            )
    if reason := obstacle(members, options.shared_layers):
        return Lineage(left_out=reason)
    total = Lineage()
    for budget, size in product(options.budgets, options.sizes or (len(members),)):
        tree = setting.training(
            NAME,
            f"tree_of_{size}",
            *members[:size],
            recipe=setting.recipe,
            options={"shared_layers": options.shared_layers},
            budget=budget,
        )
        (ensemble,) = setting.ensembles(NAME, [tree], budget=budget)
        total += Lineage((tree,), (replace(ensemble, size=size),))
    return total


def obstacle(members: tuple[Architecture, ...], shared_layers: int) -> str | None:
    """Return why these networks cannot share their first layers, or None if they can."""
    for network in members:
        if network.library:
            return f"the layers of {network.name} are those of a library"
        if not network.blocks:
            return f"{network.name} has no convolutional layers to share"
        for position, block in enumerate(network.blocks, 1):
            if block.kind != "plain":
                return f"block {position} of {network.name} has skip connections ({block.kind})"
    if any(network.stem != members[0].stem for network in members):
        return "the stems differ"
    common = len(common_prefix(members))
    if common < shared_layers:
        return f"the networks have {common} first layers in common, fewer than {shared_layers}"
    return None


def common_prefix(members: tuple[Architecture, ...]) -> list[tuple[int, int, int]]:
    """Return the first layers that all members have: (filters, kernel, pooling after it) each."""
    positions = zip(*map(_plain_layers, members), strict=False)
    return [first for first, *_ in takewhile(lambda position: len(set(position)) == 1, positions)]


def _plain_layers(network: Architecture) -> Iterator[tuple[int, int, int]]:
    """Yield (filters, kernel, pooling after it) of each layer before the first skip connection."""
    for block in network.blocks:
        if not isinstance(block, Plain):
            return
        for number, layer in enumerate(block.layers, 1):
            yield layer.filters, layer.kernel, block.pool if number == len(block.layers) else 1


def grow(networks: "list[nn.Module]", shared_layers: int) -> "nn.Module":
    """Return a tree of plain networks: the first one's first layers, then a branch for each.

    The tree maps images ``(n, channels, h, w)`` to logits ``(networks, n, classes)``. Its trunk and
    branches are the networks' own modules, not copies.
    """
    import torch
    from torch import nn

    class Tree(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sequences = [_in_order(network) for network in networks]
            # Not the same place in every network: a block may end there without pooling.
            cuts = [_end_of_trunk(units, shared_layers) for units in sequences]
            self.trunk = nn.Sequential(*sequences[0][: cuts[0]])
            self.branches = nn.ModuleList(
                nn.Sequential(*units[cut:]) for units, cut in zip(sequences, cuts, strict=True)
            )

        def forward(self, images: "Tensor") -> "Tensor":
            shared = self.trunk(images)
            return torch.stack([branch(shared) for branch in self.branches])

    return Tree()


def _in_order(network: "nn.Module") -> "list[nn.Module]":
    """List a plain network's stem, layers, poolings and head, one after the other."""
    from mnbench.architectures.modules import Network, PlainBlock

    if not isinstance(network, Network):
        raise TypeError(f"a tree grows from what `build` returns, got {type(network).__name__}")
    units: list[nn.Module] = [network.stem]
    for block in network.blocks:
        if isinstance(block, PlainBlock):
            units += [*block.layers, block.pool]
    return [*units, network.head]


def _end_of_trunk(units: "list[nn.Module]", shared_layers: int) -> int:
    """Return where branches begin: behind the shared layers and the pooling after them."""
    from mnbench.architectures.units import ConvUnit

    layers = [index for index, unit in enumerate(units) if isinstance(unit, ConvUnit)]
    last = layers[shared_layers - 1]
    return last + 1 if last + 1 in layers else last + 2


def train(job: "Job") -> "Trained":
    """Train a tree on the sum of its branches' losses."""
    from torch.nn.functional import cross_entropy

    shared_layers, members = job.options["shared_layers"], job.training.networks

    def loss(logits: "Tensor", batch: "Batch") -> "Tensor":
        return reduce(add, (cross_entropy(branch, batch.labels) for branch in logits))

    whole = job.flops(training_flops, members[0])
    branches = [job.flops(training_flops, net, after_layers=shared_layers) for net in members]
    trunk = whole - branches[0]
    return job.fit(
        grow(job.new_networks(), shared_layers),
        phase="joint",
        loss=loss,
        flops_per_example=trunk + sum(branches),
    )
