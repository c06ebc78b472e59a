"""What MotherNets would do with an ensemble, worked out without training."""

from collections.abc import Sequence
from dataclasses import dataclass

from mnbench.architectures import Architecture, parameter_count, training_flops
from mnbench.datasets import Dataset
from mnbench.errors import UserError
from mnbench.mothernets.clustering import cluster
from mnbench.mothernets.construction import construct


@dataclass(frozen=True)
class Share:
    """How much of one member comes from its MotherNet."""

    member: str
    parameters: int
    covered: float  # the MotherNet's parameters as a fraction of the member's


@dataclass(frozen=True)
class Cluster:
    """One cluster; a cluster of one is its own MotherNet, trained from scratch."""

    mothernet: str  # layer by layer
    parameters: int
    members: tuple[Share, ...]


@dataclass(frozen=True)
class Prediction:
    """The training FLOPs of the whole ensemble at one g."""

    g: int
    training_flops: int
    of_full_data: float  # fraction


@dataclass(frozen=True)
class Preview:
    """The clusters at one g, and the predicted cost of every g that is possible."""

    g: int
    clusters: tuple[Cluster, ...]
    predictions: tuple[Prediction, ...]


def preview(
    members: Sequence[Architecture],
    g: int,
    dataset: Dataset,
    *,
    images: int,
    epochs: int,
    hatched_epochs: int,
) -> Preview:
    """Cluster an ensemble, construct its MotherNets and predict what training them costs.

    Args:
        members: the ensemble.
        g: number of clusters to show.
        dataset: what the images are of, for their size and number of classes.
        images: number of training images.
        epochs: of a MotherNet, and of a network trained from scratch.
        hatched_epochs: of a hatched network.

    Raises:
        UserError: g is out of range, or incompatible networks would share a cluster.
    """
    shape = dataset.image_shape

    def parameters(network: Architecture) -> int:
        return parameter_count(network, **shape)

    def flops(network: Architecture) -> int:
        size, channels, classes = (
            shape[key] for key in ("image_size", "in_channels", "num_classes")
        )
        return images * training_flops(network, size, in_channels=channels, num_classes=classes)

    def cost(group: Sequence[Architecture]) -> int:
        if len(group) == 1:
            return epochs * flops(group[0])
        hatched = sum(hatched_epochs * flops(member) for member in group)
        return epochs * flops(construct(group)) + hatched

    groups = [[members[index] for index in group] for group in cluster(members, g)]
    full_data = epochs * sum(map(flops, members))
    predictions = []
    for clusters in range(1, len(members) + 1):
        try:
            partition = cluster(members, clusters)
        except UserError:
            continue  # too few for incompatible networks
        total = sum(cost([members[index] for index in group]) for group in partition)
        predictions.append(Prediction(clusters, total, total / full_data))
    return Preview(
        g,
        tuple(
            Cluster(
                _layers(mothernet := construct(group)),
                parameters(mothernet),
                tuple(
                    Share(m.name, parameters(m), parameters(mothernet) / parameters(m))
                    for m in group
                ),
            )
            for group in groups
        ),
        tuple(predictions),
    )


def as_text(found: Preview) -> str:
    """Lay a preview out for people."""
    lines = [f"{found.g} cluster{'s' * (found.g > 1)}"]
    for number, group in enumerate(found.clusters, 1):
        lines += ["", f"MotherNet {number}: {group.mothernet} ({group.parameters:,} parameters)"]
        width = max(len(share.member) for share in group.members)
        lines += [
            f"  {share.member:<{width}} {share.parameters:>12,} parameters, "
            f"{share.covered:7.1%} from the MotherNet"
            for share in group.members
        ]
    lines += ["", "  g  training TFLOPs  of Full Data"]
    lines += [
        f"{row.g:>3}  {row.training_flops / 1e12:>15.2f}  {row.of_full_data:>12.1%}"
        for row in found.predictions
    ]
    return "\n".join(lines)


def _layers(network: Architecture) -> str:
    return str(network).removeprefix(f"{network.name}: ")
