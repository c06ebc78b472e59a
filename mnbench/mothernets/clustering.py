"""Cluster an ensemble into g groups of similar networks, one MotherNet a group."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import combinations, permutations

from mnbench.architectures import Architecture, parameter_count
from mnbench.errors import UserError
from mnbench.mothernets.construction import construct, incompatibility

Group = tuple[int, ...]
Shared = Callable[[Group], float]


def cluster(architectures: Sequence[Architecture], g: int) -> tuple[Group, ...]:
    """Partition the networks into exactly *g* non-empty groups that share as much as they can.

    Objective: the parameters that training does not share. A group costs its members' parameters
    less what each takes from the MotherNet, plus the MotherNet once; a group of one is trained
    from scratch. Over a partition this is the ensemble's parameters minus

        sum over the groups c of  (|c| - 1) * parameters(MotherNet of c),

    so the sum, the *shared* parameters, is maximised: greedy merging of the two groups that keep
    most shared, then single networks moved or swapped between groups while that shares more. (The
    paper's own algorithm is recalled as a balanced, K-means-like one with the MotherNet as
    centroid; this objective states what that is after: the work that need not be repeated.)

    Args:
        architectures: the members, in order.
        g: number of clusters, from 1 (fastest) to the ensemble's size (Full Data).

    Returns:
        Groups of indices, each ascending, ordered by their first index. Deterministic.

    Raises:
        UserError: g is out of range, or so small that incompatible networks would share a group.
    """
    if not 1 <= g <= len(architectures):
        raise UserError(
            f"g = {g} clusters of {len(architectures)} networks cannot be; "
            f"g runs from 1 to {len(architectures)}, the ensemble's size"
        )
    # Neighbouring partitions differ in two groups: nearly all groups asked for were seen before.
    shared = cache(lambda group: _shared(architectures, group))
    groups = _merge([(index,) for index in range(len(architectures))], g, shared)
    for group in groups:
        for i, j in combinations(group, 2):
            if reason := incompatibility(architectures[i], architectures[j]):
                names = f"{architectures[i].name} and {architectures[j].name}"
                raise UserError(f"g = {g} clusters are too few: {names}: {reason}; use a larger g")
    return tuple(_improve(groups, shared))


def _shared(architectures: Sequence[Architecture], group: Group) -> float:
    """The parameters that a group's members need not learn one by one; -inf if incompatible."""
    if len(group) == 1:
        return 0
    first = architectures[group[0]]
    if any(incompatibility(first, architectures[index]) for index in group[1:]):
        return -math.inf
    # The data set's shape adds about the same to every network: any will do for a comparison.
    return (len(group) - 1) * parameter_count(construct([architectures[i] for i in group]))


def _merge(groups: list[Group], g: int, shared: Shared) -> list[Group]:
    """Merge two groups at a time, those that keep most shared, until *g* are left."""
    while len(groups) > g:
        # max keeps the first of equals: the merge with the lowest indices.
        one, other = max(
            combinations(groups, 2), key=lambda pair: shared(_union(*pair)) - sum(map(shared, pair))
        )
        groups = sorted([*(set(groups) - {one, other}), _union(one, other)])
    return groups


def _improve(groups: list[Group], shared: Shared) -> list[Group]:
    """Move single networks, or swap two, between groups for as long as more is shared."""
    while step := next(_better(groups, shared), None):
        (a, b), (new_a, new_b) = step
        groups = sorted([*(set(groups) - {a, b}), new_a, new_b])
    return groups


def _better(groups: list[Group], shared: Shared) -> Iterator[tuple[tuple[Group, Group], ...]]:
    for a, b in permutations(groups, 2):
        for new_a, new_b in _neighbours(a, b):
            if shared(new_a) + shared(new_b) > shared(a) + shared(b):
                yield (a, b), (new_a, new_b)


def _neighbours(a: Group, b: Group) -> Iterator[tuple[Group, Group]]:
    """Two groups with one network moved from *a* to *b*, or one of each exchanged."""
    for i in a:
        rest = tuple(index for index in a if index != i)
        if rest:
            yield rest, _union(b, (i,))
        for j in b:
            yield _union(rest, (j,)), _union(tuple(index for index in b if index != j), (i,))


def _union(a: Group, b: Group) -> Group:
    return tuple(sorted(a + b))
