"""Moving and swapping single networks: what a search does inside a number of groups."""

from collections.abc import Collection

import numpy as np

from mnbench.mothernets.clustering.partition import Group, Partition

Steps = tuple[np.ndarray, np.ndarray]
"""What steps add ``(m,)``; and of each a network, the position of the group that it moves to, and
the network that comes from there in exchange (-1: none), ``(3, m)``."""


def exchange(partition: Partition, settled: Collection[Group] = ()) -> Partition:
    """Move single networks, or swap two, between groups for as long as more is shared.

    Args:
        partition: where to start.
        settled: groups between which nothing is left to gain.
    """
    kinds = [_moves, _swaps]
    known = [frozenset(settled)] * len(kinds)
    kind = 0
    while kind < len(kinds):
        changed = np.array([group not in known[kind] for group in partition.groups])
        gains, steps = kinds[kind](partition, changed)
        known[kind] = frozenset(partition.groups)
        if len(gains):
            partition, kind = _taken(partition, gains, steps), 0
        else:
            kind += 1
    return partition


def _taken(partition: Partition, gains: np.ndarray, steps: np.ndarray) -> Partition:
    """Take the steps that gain most, one a group."""
    changed: dict[int, set[int]] = {}
    for network, group, guest in steps[:, np.argsort(-gains, kind="stable")].T.tolist():
        home = int(partition.home[network])
        if home not in changed and group not in changed:
            guests = {guest} - {-1}
            changed[home] = {*partition.groups[home].members} - {network} | guests
            changed[group] = {*partition.groups[group].members} - guests | {network}
    return partition.replaced(list(changed), changed.values())


def _moves(partition: Partition, changed: np.ndarray) -> Steps:
    """Every move of a network from or to a *changed* group that gains."""
    p, vectors = partition, partition.problem.vectors
    home, sizes = p.home, p.sizes[p.home]
    left = np.maximum(sizes - 2, 0) * p.others_parameters - p.shared[home]
    most = p.sizes * np.minimum.outer(vectors.parameters, p.parameters)
    possible = most + left[:, None] > p.shared
    possible &= np.equal.outer(vectors.families, p.families)
    possible &= np.logical_or.outer(changed[home], changed)
    possible &= (sizes > 1)[:, None] & np.not_equal.outer(home, np.arange(len(p.groups)))
    network, group = np.nonzero(possible)
    together = vectors.together(
        vectors.rows, network, p.mothernets, group, vectors.families[network]
    )
    gains = p.sizes[group] * together + left[network] - p.shared[group]
    largest = np.maximum(vectors.parameters[network], p.largest[group])
    kept = (gains > 0) & p.problem.allows(together, largest)
    return gains[kept], np.stack([network, group, np.full_like(network, -1)])[:, kept]


def _swaps(partition: Partition, changed: np.ndarray) -> Steps:
    """Every swap of two networks, one of them from a *changed* group, that gains."""
    p, vectors = partition, partition.problem.vectors
    home, sizes, shared = p.home, p.sizes[p.home] - 1, p.shared[p.home]
    # What a network's group shares, at most, with another network in its place.
    most = sizes[:, None] * np.minimum.outer(p.others_parameters, vectors.parameters)
    possible = np.triu(most + most.T > np.add.outer(shared, shared))
    possible &= np.equal.outer(vectors.families, vectors.families)
    possible &= np.logical_or.outer(changed[home], changed[home]) & np.not_equal.outer(home, home)
    i, j = np.nonzero(possible)

    def with_other(i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What the group of network *i* shares with *j* in its place, and whether it may be."""
        together = vectors.together(p.others, i, vectors.rows, j, vectors.families[i])
        largest = np.maximum(p.others_largest[i], vectors.parameters[j])
        return sizes[i] * together, p.problem.allows(together, largest)

    here, allowed = with_other(i, j)
    kept = allowed & (here + most[j, i] > shared[i] + shared[j])
    i, j, here = i[kept], j[kept], here[kept]
    there, allowed = with_other(j, i)
    gains = here + there - shared[i] - shared[j]
    kept = allowed & (gains > 0)
    return gains[kept], np.stack([i, home[j], j])[:, kept]
