"""TreeNets (Lee et al. 2015): first layers shared, then a branch a member, all trained together.

The networks of a tree are trained jointly, so they share one record. A tree may be cut behind any
layer of any block: a skip connection never reaches past its own unit or block, so what leaves a
layer is all that the branches need.

Open it to change where branches begin. The trap: a smaller ensemble is no prefix of a larger one;
each size is a tree of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import chain, product, takewhile
from operator import add
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from mnbench.architectures import Architecture, Block, training_flops
from mnbench.planning.config import Budgets, Distinct
from mnbench.planning.lineage import Lineage
from mnbench.planning.recipe import CONFIG, LARGEST_COUNT
from mnbench.planning.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mnbench.training.job import Job, Trained
    from mnbench.training.loop import Batch

NAME = "treenets"
PUBLISHED_LOSS: Literal["sum"] = "sum"


@dataclass(frozen=True, config=CONFIG)
class Options:
    """What a configuration may say of TreeNets."""

    shared_layers: int = Field(
        default=1,
        ge=0,
        le=LARGEST_COUNT,
        description="Number of layers behind the stem that all networks share, before the "
        "branches. A layer is a convolution of a plain block, a unit of a residual block or a "
        "layer of a dense block; the head's hidden layers follow those of all blocks. What ends a "
        "block (pooling, transition) is shared with the block's last layer. The stem is always "
        "shared; 0 shares it alone.",
        examples=[2],
    )
    loss: Literal["sum", "mean"] = Field(
        default=PUBLISHED_LOSS,
        description="The loss of a tree: the sum of its branches' losses, as published, or their "
        "mean. The sum's gradient is larger, by the number of branches.",
        examples=["mean"],
    )
    sizes: Annotated[tuple[Annotated[int, Field(gt=1)], ...], Distinct] = Field(
        default=(),
        description="Ensemble sizes. Each is trained as a tree of its own, from the first networks "
        "of the set. The default, `[]`, is all networks only.",
        examples=[(3, 5)],
    )
    budgets: Budgets = (1.0,)


def lineage(setting: Setting, options: Options) -> Lineage:
    """Return one joint training for every size and budget, without sizes that share no trunk.

    Each size is judged by its own networks: the first two may have a trunk in common that the first
    five lack.
    """
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
    reasons = {
        size: obstacle(members[:size], options.shared_layers)
        for size in options.sizes or (len(members),)
    }
    # Without the default, so that records of versions that knew no other loss stay valid.
    loss = {} if options.loss == PUBLISHED_LOSS else {"loss": options.loss}
    total = Lineage(left_out=setting.left_out(reasons))
    for budget, size in product(options.budgets, reasons):
        if reasons[size]:
            continue
        tree = setting.training(
            NAME,
            f"tree_of_{size}",
            *members[:size],
            recipe=setting.recipe,
            options={"shared_layers": options.shared_layers} | loss,
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
    stem = members[0].stem
    if any(network.stem != stem for network in members):
        return "the stems differ"
    common = len(common_prefix(members))
    if common < shared_layers:
        return f"the networks have {common} first layers in common, fewer than {shared_layers}" + (
            "; shared_layers: 0 shares their stem" if stem.filters and not common else ""
        )
    if not shared_layers and not stem.filters:
        return "with shared_layers: 0 nothing is shared, since the stem has no convolution"
    return None


@dataclass(frozen=True)
class SharedLayer:
    """A layer that may be shared, with all that decides what it computes.

    Attributes:
        block: the layer as a block, with what it has of the block's beginning and end; or the
            pooling before a hidden layer, and its width.
        closed: whether batch norm and ReLU stand behind it.
    """

    block: Block | tuple[str, int]
    closed: bool = False


def common_prefix(members: tuple[Architecture, ...]) -> list[SharedLayer]:
    """Return the first layers that all members have, behind equal stems."""
    positions = zip(*map(_layers, members), strict=False)
    return [first for first, *_ in takewhile(lambda position: len(set(position)) == 1, positions)]


def _layers(network: Architecture) -> Iterator[SharedLayer]:
    """Yield every layer of the blocks and then of the head, but for the classifier."""
    unrolled = network.unrolled
    for position, block in enumerate(unrolled.blocks):
        yield SharedLayer(block, unrolled.closes(position))
    for width in network.head.hidden:
        yield SharedLayer((network.head.pool, width))


def grow(networks: "list[nn.Module]", shared_layers: int) -> "nn.Module":
    """Return a tree: the first network's stem and first layers, then a branch for each network.

    The tree maps images ``(n, channels, h, w)`` to logits ``(networks, n, classes)``. Its trunk and
    branches are the networks' own modules, not copies.

    Args:
        networks: as ``build`` made them, without an :func:`obstacle`.
        shared_layers: number of layers behind the stem that the branches share.
    """
    import torch
    from torch import nn

    class Tree(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            stems, layers, ends = zip(*map(_in_order, networks), strict=True)
            self.trunk = nn.Sequential(stems[0], *chain(*layers[0][:shared_layers]))
            self.branches = nn.ModuleList(
                nn.Sequential(*chain(*own[shared_layers:]), *end)
                for own, end in zip(layers, ends, strict=True)
            )

        def forward(self, images: "Tensor") -> "Tensor":
            shared = self.trunk(images)
            return torch.stack([branch(shared) for branch in self.branches])

    return Tree()


def _in_order(
    network: "nn.Module",
) -> "tuple[nn.Module, list[list[nn.Module]], list[nn.Module]]":
    """Return a network's stem, the modules of each layer, and what follows the last layer.

    Modules between two layers belong to the one before, and poolings of the head to its first
    hidden layer.
    """
    from mnbench.architectures.modules import Network

    if not isinstance(network, Network):
        raise TypeError(f"a tree grows from what `build` returns, got {type(network).__name__}")
    layers: list[list[nn.Module]] = []
    for block in network.blocks:
        layers += [[layer] for layer in block.layers]
        layers[-1] += block.ending
    head = network.head
    between: list[nn.Module] = [head.pool, head.flatten]
    for hidden in head.hidden:
        layers.append([*between, hidden])
        between = []
    return network.stem, layers, [*between, head.classifier]


def train(job: "Job") -> "Trained":
    """Train a tree on the sum or the mean of its branches' losses."""
    from torch.nn.functional import cross_entropy

    shared_layers, members = job.options["shared_layers"], job.training.networks
    parts = len(members) if job.options.get("loss", PUBLISHED_LOSS) == "mean" else 1

    def loss(logits: "Tensor", batch: "Batch") -> "Tensor":
        return reduce(add, (cross_entropy(branch, batch.labels) for branch in logits)) / parts

    whole = job.flops(training_flops, members[0])
    branches = [job.flops(training_flops, net, after_layers=shared_layers) for net in members]
    trunk = whole - branches[0]
    return job.fit(
        grow(job.new_networks(), shared_layers),
        phase="joint",
        loss=loss,
        flops_per_example=trunk + sum(branches),
    )
