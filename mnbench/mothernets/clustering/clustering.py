"""Cluster an architecture set into g groups of similar networks, one MotherNet a group.

Open this module for the objective and the guarantees. The trap: beyond 10 networks the result is
the best partition that a search finds, and not always the best possible one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache

from mnbench.architectures import Architecture
from mnbench.errors import UserError
from mnbench.mothernets.clustering.exact import best_partitions
from mnbench.mothernets.clustering.partition import Members, Problem
from mnbench.mothernets.clustering.search import every_number, fewest, one_number
from mnbench.mothernets.clustering.vectors import PARAMETERS, ImageShape, Vectors
from mnbench.mothernets.construction import incompatibility

EXACT = 10  # networks; up to here the best partitions take a tenth of a second
EVERY = 100  # networks; up to here all values of g are searched together, in under a second


def cluster(
    architectures: Sequence[Architecture],
    g: int,
    *,
    tau: float = 0.0,
    by: str = PARAMETERS,
    **image_shape: int,
) -> tuple[Members, ...]:
    """Partition networks into exactly *g* groups whose MotherNets share the most parameters.

    The objective is to maximise the *shared* parameters, which are trained once for a whole group:

        sum over the groups c of  (|c| - 1) * parameters(MotherNet of c).

    A group's networks must be compatible (:func:`mnbench.mothernets.incompatibility`). Its
    MotherNet must have at least the fraction *tau* of each member's parameters. A group of one
    network is trained from scratch.

    - Up to 10 networks, the result is the best partition.
    - Up to 100, all values of g are searched together. The search merges the two groups that keep
      most shared, starting from single networks. It then moves or swaps single networks, or merges
      two groups and splits a third one, while more gets shared. Neighbouring values of g agree: no
      merge of two groups at g + 1 beats the result at g. No split at g beats the result at g + 1,
      be it into two halves or of any single network.
    - For more networks, the same search runs for this g alone. It promises nothing about
      neighbouring values of g.

    In the paper (unverified) the algorithm is balanced and like K-means, with the MotherNet as
    centroid. An earlier version asked for tau = 0.5 and the fewest clusters (:func:`minimum_g`).
    The objective here states what both save: the training that need not be repeated.

    Args:
        architectures: the members, in order.
        g: number of clusters, from 1 (fastest) to the number of architectures (Full Data).
        tau: the minimum fraction of a member's parameters that its MotherNet must have, from 0
            to 1.
        by: what is counted as shared, also for *tau*: "parameters", or "training_flops" of one
            image. Wide hidden layers are most of a network's parameters and little of its FLOPs.
        image_shape: the keyword arguments of :func:`mnbench.architectures.parameter_count`:
            in_channels, num_classes, image_size.

    Returns:
        Groups of indices, each ascending, ordered by their first index. Deterministic.

    Raises:
        UserError: g or tau is out of range, or g is too small for compatible groups.

    >>> from mnbench.architectures import load_architectures
    >>> from mnbench.mothernets import cluster
    >>> cluster(load_architectures("v5-small"), 2)
    ((0,), (1, 2, 3, 4))
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
        groups = every_g(networks, tau, shape, by).get(g)
    else:
        groups = _single_g(networks, g, tau, shape, by)
    if groups is None:
        raise UserError(
            f"g = {g} clusters are too few: {_hindrance(networks, g, tau, shape, by)}; "
            f"use g from {minimum_g(networks, tau=tau, by=by, **image_shape)}"
        )
    return groups


def minimum_g(
    architectures: Sequence[Architecture],
    *,
    tau: float = 0.0,
    by: str = PARAMETERS,
    **image_shape: int,
) -> int:
    """Return the smallest number of clusters that compatibility and *tau* allow.

    It is exact for up to 10 networks, and for any number of networks if *tau* is 0. Else it is the
    smallest number that the search finds; fewer clusters might be possible.

    Args:
        architectures: the members.
        tau, by: as in :func:`cluster`.
        image_shape: as in :func:`cluster`.

    Raises:
        UserError: tau is out of range.
    """
    networks = tuple(architectures)
    _check_tau(tau)
    shape = ImageShape(**image_shape)
    if len(networks) <= EVERY:
        return min(every_g(networks, tau, shape, by))
    return len(fewest(_problem(networks, tau, shape, by)).groups)


def _check_tau(tau: float) -> None:
    if not 0 <= tau <= 1:
        raise UserError(f"tau = {tau} cannot be; it is a fraction, from 0 to 1")


@lru_cache(maxsize=32)  # all values of g cost as much as one
def every_g(
    networks: tuple[Architecture, ...], tau: float, shape: ImageShape, by: str = PARAMETERS
) -> Mapping[int, tuple[Members, ...]]:
    """Cluster up to 100 networks at every possible g, see :func:`cluster`."""
    problem = _problem(networks, tau, shape, by)
    if len(networks) <= EXACT:
        return {g: _ordered(groups) for g, groups in best_partitions(problem).items()}
    return {
        g: _ordered(group.members for group in partition.groups)
        for g, partition in every_number(problem).items()
    }


def _single_g(
    networks: tuple[Architecture, ...], g: int, tau: float, shape: ImageShape, by: str
) -> tuple[Members, ...] | None:
    partition = one_number(_problem(networks, tau, shape, by), g)
    if partition is None:
        return None
    return _ordered(group.members for group in partition.groups)


def _problem(networks: tuple[Architecture, ...], tau: float, shape: ImageShape, by: str) -> Problem:
    return Problem(Vectors.of(networks, shape, by), tau)


def _ordered(groups: Iterable[Members]) -> tuple[Members, ...]:
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _hindrance(
    networks: tuple[Architecture, ...], g: int, tau: float, shape: ImageShape, by: str
) -> str:
    """Say why *g* clusters are impossible."""
    problem = _problem(networks, tau, shape, by)
    numbers = problem.vectors.class_numbers.tolist()
    if g <= max(numbers):
        pair = [networks[numbers.index(number)] for number in (0, 1)]
        names = " and ".join(network.name for network in pair)
        return f"{names} cannot share one, since {incompatibility(*pair)}"
    share, name = min(
        (problem.group(group).parameters / problem.vectors.parameters[i], networks[i].name)
        for group in cluster(networks, g, by=by, **asdict(shape))
        for i in group
    )
    what = "parameters" if by == PARAMETERS else "training FLOPs"
    return f"{name} would take {share:.1%} of its {what} from its MotherNet, and tau is {tau}"
