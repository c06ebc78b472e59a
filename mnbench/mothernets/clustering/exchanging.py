"""Move and swap single networks: what a search does while the number of groups stays.

Open this module to change how a partition is improved in place. Gains are bounded first, and only
promising steps are counted. The trap: all steps of a round must touch different groups.
"""

from collections.abc import Collection

import numpy as np

from mnbench.mothernets.clustering.partition import Group, Partition

Steps = tuple[np.ndarray, np.ndarray]
"""Gains of m steps ``(m,)``, and the steps ``(3, m)``: a network, the position of the group that it
moves to, and the network that comes back in exchange (-1: none)."""


def exchange(partition: Partition, settled: Collection[Group] = ()) -> Partition:
    """Return a partition in which moving or swapping single networks shares nothing more.

    Args:
        partition: the start.
        settled: groups that cannot gain from each other.
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
    """Take the steps with the largest gains, at most one for each group."""
    changed: dict[int, set[int]] = {}
    for network, group, guest in steps[:, np.argsort(-gains, kind="stable")].T.tolist():
        home = int(partition.home[network])
        if home not in changed and group not in changed:
            guests = {guest} - {-1}
            changed[home] = {*partition.groups[home].members} - {network} | guests
            changed[group] = {*partition.groups[group].members} - guests | {network}
    return partition.replaced(list(changed), changed.values())


def _moves(partition: Partition, changed: np.ndarray) -> Steps:
    """List every move of a network from or to a *changed* group that gains."""
    p, vectors = partition, partition.problem.vectors
    home, sizes = p.home, p.sizes[p.home]
    left = np.maximum(sizes - 2, 0) * p.others_parameters - p.shared[home]
    bound = p.sizes * np.minimum.outer(vectors.parameters, p.parameters)
    possible = bound + left[:, None] > p.shared
    possible &= np.equal.outer(vectors.class_numbers, p.class_numbers)
    possible &= np.logical_or.outer(changed[home], changed)
    possible &= (sizes > 1)[:, None] & np.not_equal.outer(home, np.arange(len(p.groups)))
    network, group = np.nonzero(possible)
    together = vectors.together(
        vectors.rows, network, p.mothernets, group, vectors.class_numbers[network]
    )
    gains = p.sizes[group] * together + left[network] - p.shared[group]
    largest = np.maximum(vectors.parameters[network], p.largest[group])
    kept = (gains > 0) & p.problem.allows(together, largest)
    return gains[kept], np.stack([network, group, np.full_like(network, -1)])[:, kept]


def _swaps(partition: Partition, changed: np.ndarray) -> Steps:
    """List every gaining swap of two networks, at least one of them from a *changed* group."""
    p, vectors = partition, partition.problem.vectors
    home, sizes, shared = p.home, p.sizes[p.home] - 1, p.shared[p.home]
    # An upper bound of what a network's group shares with another network in its place.
    bound = sizes[:, None] * np.minimum.outer(p.others_parameters, vectors.parameters)
    possible = np.triu(bound + bound.T > np.add.outer(shared, shared))
    possible &= np.equal.outer(vectors.class_numbers, vectors.class_numbers)
    possible &= np.logical_or.outer(changed[home], changed[home]) & np.not_equal.outer(home, home)
    i, j = np.nonzero(possible)

    def swapped(i: np.ndarray, j: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Count what the group of *i* shares with *j* in its place, and tell if it is allowed."""
        together = vectors.together(p.others, i, vectors.rows, j, vectors.class_numbers[i])
        largest = np.maximum(p.others_largest[i], vectors.parameters[j])
        return sizes[i] * together, p.problem.allows(together, largest)

    shared_i, allowed = swapped(i, j)
    kept = allowed & (shared_i + bound[j, i] > shared[i] + shared[j])
    i, j, shared_i = i[kept], j[kept], shared_i[kept]
    shared_j, allowed = swapped(j, i)
    gains = shared_i + shared_j - shared[i] - shared[j]
    kept = allowed & (gains > 0)
    return gains[kept], np.stack([i, home[j], j])[:, kept]
