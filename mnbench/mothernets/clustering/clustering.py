"""Cluster an ensemble into g groups of similar networks, one MotherNet a group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache

from mnbench.architectures import Architecture
from mnbench.errors import UserError
from mnbench.mothernets.clustering.exact import best_partitions
from mnbench.mothernets.clustering.partition import Problem
from mnbench.mothernets.clustering.search import every_number, fewest, one_number
from mnbench.mothernets.clustering.vectors import ImageShape, Vectors
from mnbench.mothernets.construction import incompatibility

Group = tuple[int, ...]
EXACT = 10  # up to so many networks the best partitions are found in a tenth of a second
EVERY = 100  # up to so many, all numbers of clusters are searched together, in under a second


def cluster(
    architectures: Sequence[Architecture], g: int, *, tau: float = 0.0, **image_shape: int
) -> tuple[Group, ...]:
    """Partition the networks into exactly *g* non-empty groups that share as much as they can.

    Objective: the parameters that training does not share. A group costs its members' parameters
    less what each takes from the MotherNet, plus the MotherNet once; a group of one is trained
    from scratch. Over a partition this is the ensemble's parameters minus

        sum over the groups c of  (|c| - 1) * parameters(MotherNet of c),

    so the sum, the *shared* parameters, is maximised, over the partitions whose groups may be: a
    group's networks are compatible (:func:`mnbench.mothernets.incompatibility`), and its MotherNet
    has at least the fraction *tau* of each one's parameters. (Of the paper is recalled that its
    algorithm is a balanced, K-means-like one with the MotherNet as centroid, and that an earlier
    version asked for tau = 0.5 instead, with as few clusters as that allows, :func:`least_g`. This
    objective states what both are after: the work that need not be repeated.)

    - Up to 10 networks: the best partition.
    - Up to 100: a search for all values of g together. Starting from single networks, the two
      groups that keep most shared are merged; then single networks are moved or swapped between
      groups, or two groups merged and a third one split, for as long as that shares more.
      Neighbouring values of g agree, so that another g never costs more than it must: no merge of
      two clusters of what is found for g + 1 shares more than what is found for g, and splitting a
      cluster of what is found for g (in the halves that merging its networks ends with, or by
      taking any one out) does not share more than what is found for g + 1.
    - For more, the same search for this g alone, which promises nothing about its neighbours.

    Args:
        architectures: the members, in order.
        g: number of clusters, from 1 (fastest) to the ensemble's size (Full Data).
        tau: the least fraction of its parameters that a member must take from its MotherNet, from
            0 to 1.
        image_shape: what :func:`mnbench.architectures.parameter_count` takes: in_channels,
            num_classes, image_size.

    Returns:
        Groups of indices, each ascending, ordered by their first index. Deterministic.

    Raises:
        UserError: g or tau is out of range, or g so small that networks would share a group that
            must not.
    """
    networks = tuple(architectures)
    if not 1 <= g <= len(networks):
        raise UserError(
            f"g = {g} clusters of {len(networks)} networks cannot be; "
            f"g runs from 1 to {len(networks)}, the ensemble's size"
        )
    _check_tau(tau)
    shape = ImageShape(**image_shape)
    if len(networks) <= EVERY:
        groups = every_g(networks, tau, shape).get(g)
    else:
        groups = _one(networks, g, tau, shape)
    if groups is None:
        raise UserError(
            f"g = {g} clusters are too few: {_hindrance(networks, g, tau, shape)}; "
            f"use g from {least_g(networks, tau=tau, **image_shape)}"
        )
    return groups


def least_g(architectures: Sequence[Architecture], *, tau: float = 0.0, **image_shape: int) -> int:
    """Return the smallest number of clusters that families and *tau* allow.

    Exact for up to 10 networks, and for any number without a tau: one for each set of compatible
    networks. Else the smallest that the search finds; fewer might do.

    Raises:
        UserError: tau is out of range.
    """
    networks = tuple(architectures)
    _check_tau(tau)
    shape = ImageShape(**image_shape)
    if len(networks) <= EVERY:
        return min(every_g(networks, tau, shape))
    return len(fewest(_problem(networks, tau, shape)).groups)


def _check_tau(tau: float) -> None:
    if not 0 <= tau <= 1:
        raise UserError(f"tau = {tau} cannot be; it is a fraction, from 0 to 1")


@lru_cache(maxsize=32)  # all values of g cost as much as one
def every_g(
    networks: tuple[Architecture, ...], tau: float, shape: ImageShape
) -> Mapping[int, tuple[Group, ...]]:
    """The clusters of up to 100 networks at every g that can be, see :func:`cluster`."""
    problem = _problem(networks, tau, shape)
    if len(networks) <= EXACT:
        return {g: _ordered(groups) for g, groups in best_partitions(problem).items()}
    found = every_number(problem)
    return {
        g: _ordered(group.members for group in partition.groups) for g, partition in found.items()
    }


def _one(
    networks: tuple[Architecture, ...], g: int, tau: float, shape: ImageShape
) -> tuple[Group, ...] | None:
    partition = one_number(_problem(networks, tau, shape), g)
    return partition and _ordered(group.members for group in partition.groups)


def _problem(networks: tuple[Architecture, ...], tau: float, shape: ImageShape) -> Problem:
    return Problem(Vectors.of(networks, shape), tau)


def _ordered(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _hindrance(networks: tuple[Architecture, ...], g: int, tau: float, shape: ImageShape) -> str:
    """Say why *g* clusters cannot be."""
    problem = _problem(networks, tau, shape)
    families = problem.vectors.families.tolist()
    if g <= max(families):
        one, other = (networks[families.index(family)] for family in (0, 1))
        return f"{one.name} and {other.name} cannot share one, since {incompatibility(one, other)}"
    share, name = min(
        (problem.group(group).parameters / problem.vectors.parameters[i], networks[i].name)
        for group in cluster(networks, g, **asdict(shape))
        for i in group
    )
    return f"{name} would take {share:.1%} of its parameters from its MotherNet, and tau is {tau}"
