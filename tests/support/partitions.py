"""Ensembles to cluster, and what clustering them is compared with: every partition."""

from dataclasses import replace

from support.strategies import with_layers

from mnbench.architectures import Architecture, Layer, Plain, parameter_count
from mnbench.architectures.families import densenet, resnet, wide_resnet
from mnbench.mothernets import construct
from mnbench.mothernets.clustering.partition import Problem
from mnbench.mothernets.clustering.vectors import ImageShape, Vectors


def shared(members, groups):
    """The objective, from the library's construct and parameter_count alone."""
    return sum(
        (len(group) - 1) * parameter_count(construct([members[i] for i in group]))
        for group in groups
    )


def partitions(count):
    """Every partition of ``range(count)``."""
    if count == 0:
        yield []
        return
    for groups in partitions(count - 1):
        for i, group in enumerate(groups):
            yield [*groups[:i], [*group, count - 1], *groups[i + 1 :]]
        yield [*groups, [count - 1]]


def optima(members):
    """The most that members can share in 1, 2, ... groups, by trying every partition."""
    known = {}
    most = [0] * (len(members) + 1)
    for groups in partitions(len(members)):
        total = 0
        for group in map(tuple, groups):
            if group not in known:
                known[group] = shared(members, [group])
            total += known[group]
        most[len(groups)] = max(most[len(groups)], total)
    return most[1:]


def problem(members, tau=0.0):
    return Problem(Vectors.of(members, ImageShape()), tau)


def members_of(partition):
    return [group.members for group in partition.groups]


def network(rng):
    """A random network of plain blocks."""
    return Architecture(
        tuple(
            Plain(
                tuple(
                    Layer(rng.randint(1, 12), rng.choice([1, 3, 5]))
                    for _ in range(rng.randint(1, 4))
                )
            )
            for _ in range(3)
        )
    )


BASES = {
    "vgg": network,
    "resnet": lambda rng: resnet(rng.choice([8, 14]), width=4, shortcut="projection"),
    "wide_resnet": lambda rng: wide_resnet(rng.choice([10, 16]), 2, width=2),
    "densenet": lambda rng: densenet(rng.choice([10, 13]), growth=rng.choice([3, 4])),
}


def variant(rng, base):
    """A network like *base*, with up to four layers wider, larger or new, as V25's and V100's."""
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(base.blocks))
        layers = list(base.blocks[at].layers)
        i = rng.randrange(len(layers))
        layers[i] = replace(layers[i], filters=layers[i].filters + rng.randint(0, 8))
        if rng.random() < 0.3:
            layers[i] = replace(layers[i], kernel=5)
        if rng.random() < 0.3:
            layers.append(layers[-1])
        base = with_layers(base, at, layers)
    return base


def families(rng, count, family="vgg"):
    """*count* variants of up to three networks of a family."""
    bases = [BASES[family](rng) for _ in range(rng.randint(1, 3))]
    return [variant(rng, rng.choice(bases)) for _ in range(count)]
