"""The best partition of a few networks, by dynamic programming over all their subsets."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from mnbench.mothernets.vectors import MOST, Vectors

IMPOSSIBLE = -(1 << 62)  # what networks that cannot share a group share


def best_partition(vectors: Vectors, families: Sequence[int], g: int) -> list[list[int]]:
    """Return the partition into *g* groups that shares most; takes time 3 to the power of n.

    Args:
        vectors: the n networks.
        families: of each network; only networks of one family may share a group.
        g: number of groups, at least the number of families.
    """
    count = len(vectors.rows)
    shared = _shared_by_subset(vectors, families)

    @cache
    def best(networks: int, groups: int) -> tuple[int, tuple[int, ...]]:
        """The most that *networks*, a set of bits, share in so many groups, and the groups."""
        if not networks or not groups:
            return (0 if networks == groups == 0 else IMPOSSIBLE), ()
        first = networks & -networks
        others = rest = networks ^ first
        found = IMPOSSIBLE, ()
        while True:  # over every subset of the others, all of them first
            group = rest | first
            if shared[group] > IMPOSSIBLE:
                more, partition = best(networks ^ group, groups - 1)
                if more + shared[group] > found[0]:
                    found = more + shared[group], (group, *partition)
            if not rest:
                return found
            rest = (rest - 1) & others

    _, partition = best((1 << count) - 1, g)
    return [[i for i in range(count) if group >> i & 1] for group in partition]


def _shared_by_subset(vectors: Vectors, families: Sequence[int]) -> list[int]:
    """What each subset's networks share, by its bits; IMPOSSIBLE if not of one family."""
    width = vectors.rows.shape[1]
    mothernets = np.full((1, width), MOST)
    sizes, kin = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for row, family in zip(vectors.rows, families, strict=True):
        # The subsets with this network follow those without it.
        mothernets = np.concatenate([mothernets, np.minimum(mothernets, row)])
        sizes = np.concatenate([sizes, sizes + 1])
        kin = np.concatenate([kin, kin | 1 << family])
    one_family = kin & (kin - 1) == 0
    shared = np.maximum(sizes - 1, 0) * vectors.parameters(mothernets)
    return np.where(one_family, shared, IMPOSSIBLE).tolist()
