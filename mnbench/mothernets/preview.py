"""Preview what MotherNets do with an architecture set, and what it costs, without training.

Open this module to change ``mnbench preview``. The trap: costs are FLOPs that are counted, and the
speed of a machine is not in them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mnbench.architectures import Architecture, parameter_count, training_flops
from mnbench.datasets import DATASETS, Dataset
from mnbench.errors import UserError
from mnbench.mothernets.clustering import cluster, minimum_g
from mnbench.mothernets.clustering.clustering import EVERY
from mnbench.mothernets.clustering.vectors import PARAMETERS
from mnbench.mothernets.construction import construct
from mnbench.mothernets.listing import listing


@dataclass(frozen=True)
class Share:
    """How much of a member comes from its MotherNet."""

    member: str
    parameters: int
    covered: float  # the MotherNet's parameters as a fraction of the member's
    flops_covered: float  # likewise its training FLOPs of one image


@dataclass(frozen=True)
class Cluster:
    """A cluster; a single member is its own MotherNet, trained from scratch."""

    mothernet: Architecture
    parameters: int
    members: tuple[Share, ...]


@dataclass(frozen=True)
class PredictedCost:
    """The training FLOPs of the whole ensemble at one g."""

    g: int
    training_flops: int
    of_full_data: float  # fraction


@dataclass(frozen=True)
class Preview:
    """The clusters at one g, and the predicted cost of every possible g."""

    dataset: str
    images: int  # for training
    epochs: int  # of a MotherNet, and of a network trained from scratch
    hatched_epochs: int
    tau: float
    cluster_by: str
    minimum_g: int
    g: int
    clusters: tuple[Cluster, ...]
    predicted_costs: tuple[PredictedCost, ...]


def preview(
    members: Sequence[Architecture],
    g: int | None,
    dataset: Dataset,
    *,
    images: int,
    epochs: int,
    hatched_epochs: int,
    tau: float = 0.0,
    cluster_by: str = PARAMETERS,
) -> Preview:
    """Cluster an architecture set, construct its MotherNets and predict what training costs.

    Args:
        members: the set's architectures.
        g: number of clusters to show; None is the minimum.
        dataset: gives the images' size and number of classes.
        images: number of training images.
        epochs: of a MotherNet, and of a network trained from scratch.
        hatched_epochs: of a hatched network.
        tau: the minimum fraction of each member's parameters that its MotherNet must have.
        cluster_by: what a cluster shall share most, "parameters" or "training_flops".

    Raises:
        UserError: g is out of range or too small, or a network cannot take the images.
    """
    shape = dataset.image_shape
    sharing: dict[str, Any] = {"tau": tau, "by": cluster_by, **shape}
    minimum = minimum_g(members, **sharing)
    shown = minimum if g is None else g
    groups = _groups(members, shown, sharing)
    costs = _costs(dataset, images, epochs, hatched_epochs)
    totals = {
        number: sum(map(costs, _groups(members, number, sharing)))
        for number in _numbers(minimum, shown, len(members))
    }
    full_data = totals[len(members)]
    return Preview(
        dataset.name,
        images,
        epochs,
        hatched_epochs,
        tau,
        cluster_by,
        minimum,
        shown,
        tuple(_cluster(group, shape) for group in groups),
        tuple(PredictedCost(number, flops, flops / full_data) for number, flops in totals.items()),
    )


def first_fitting(members: Sequence[Architecture]) -> Dataset:
    """Return the first data set whose images every network can take.

    Raises:
        UserError: no data set's images fit them all.
    """
    refusal = None
    for dataset in DATASETS.values():
        try:
            for member in members:
                parameter_count(member, **dataset.image_shape)
        except UserError as error:
            refusal = refusal or error
        else:
            return dataset
    raise UserError(str(refusal))


def as_text(shown: Preview) -> str:
    """Lay a preview out for people."""
    plural = "s" * (shown.g > 1)
    lines = [f"{shown.g} cluster{plural} (at least {shown.minimum_g}), {shown.dataset}"]
    for number, group in enumerate(shown.clusters, 1):
        lines += ["", f"MotherNet {number}: {group.parameters:,} parameters"]
        lines += [f"  {part:<9} {text}" for part, text in listing(group.mothernet)]
        width = max(len(share.member) for share in group.members)
        lines += [
            f"  {share.member:<{width}} {share.parameters:>12,} parameters, "
            f"{share.covered:7.1%} from the MotherNet, {share.flops_covered:7.1%} of its FLOPs"
            for share in group.members
        ]
    lines += [
        "",
        f"Predicted for {shown.images:,} images, {shown.epochs} epochs from scratch and "
        f"{shown.hatched_epochs} of a hatched network:",
        "  g  training TFLOPs  of Full Data",
    ]
    lines += [
        f"{row.g:>3}  {row.training_flops / 1e12:>15,.2f}  {row.of_full_data:>12.1%}"
        for row in shown.predicted_costs
    ]
    size = sum(len(group.members) for group in shown.clusters)
    if len(shown.predicted_costs) <= size - shown.minimum_g:
        lines.append(f"Of {size} networks not every g: each takes a search of its own.")
    return "\n".join(lines)


def _numbers(minimum: int, shown: int, size: int) -> list[int]:
    """List the values of g to predict: all, or some if each takes a search of its own."""
    if size <= EVERY:
        return list(range(minimum, size + 1))
    powers = [2**i for i in range(size.bit_length()) if 2**i > minimum]
    return sorted({minimum, shown, size, *powers})


Networks = tuple[Architecture, ...]


def _groups(members: Sequence[Architecture], g: int, sharing: dict[str, Any]) -> list[Networks]:
    """Return the clusters; *sharing* are the keyword arguments of :func:`cluster`."""
    return [tuple(members[index] for index in group) for group in cluster(members, g, **sharing)]


def _costs(
    dataset: Dataset, images: int, epochs: int, hatched_epochs: int
) -> Callable[[Networks], int]:
    """Return a function that counts the FLOPs of training a cluster."""
    shape = dataset.image_shape
    size = shape.pop("image_size")

    @cache
    def flops(network: Architecture) -> int:
        return images * training_flops(network, size, **shape)

    def cost(group: Networks) -> int:
        if len(group) == 1:
            return epochs * flops(group[0])
        return epochs * flops(construct(group)) + hatched_epochs * sum(map(flops, group))

    return cost


def _cluster(group: Networks, shape: dict[str, int]) -> Cluster:
    mothernet = construct(group)
    parameters, flops = _counts(mothernet, shape)
    shares = []
    for member in group:
        own_parameters, own_flops = _counts(member, shape)
        covered = parameters / own_parameters, flops / own_flops
        shares.append(Share(member.name, own_parameters, *covered))
    return Cluster(mothernet, parameters, tuple(shares))


def _counts(network: Architecture, shape: dict[str, int]) -> tuple[int, int]:
    """Return the parameters, and the training FLOPs of one image."""
    options = dict(shape)
    size = options.pop("image_size")
    return parameter_count(network, **shape), training_flops(network, size, **options)
