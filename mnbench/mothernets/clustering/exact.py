"""The best partition of a few networks, by dynamic programming over all their subsets."""

from functools import cache

import numpy as np

from mnbench.mothernets.clustering.partition import Problem
from mnbench.mothernets.clustering.segments import MOST

IMPOSSIBLE = -(1 << 62)  # what networks that cannot share a group share


def best_partitions(problem: Problem) -> dict[int, list[tuple[int, ...]]]:
    """Return, for every number of groups that can be, the partition that shares most.

    Takes time 3 to the power of the number of networks.
    """
    count = len(problem.vectors.rows)
    shared = _shared_by_subset(problem)

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
                if more > IMPOSSIBLE and more + shared[group] > found[0]:
                    found = more + shared[group], (group, *partition)
            if not rest:
                return found
            rest = (rest - 1) & others

    found = {g: best((1 << count) - 1, g) for g in range(1, count + 1)}
    return {
        g: [tuple(i for i in range(count) if group >> i & 1) for group in partition]
        for g, (most, partition) in found.items()
        if most > IMPOSSIBLE
    }


def _shared_by_subset(problem: Problem) -> list[int]:
    """What each subset's networks share, by its bits; IMPOSSIBLE if they may not share a group."""
    vectors = problem.vectors
    mothernets = np.full((1, vectors.rows.shape[1]), MOST)
    sizes, kin, largest = np.zeros((3, 1), dtype=np.int64)
    for row, family, parameters in zip(
        vectors.rows, vectors.families, vectors.parameters, strict=True
    ):
        # The subsets with this network follow those without it.
        mothernets = np.concatenate([mothernets, np.minimum(mothernets, row)])
        sizes = np.concatenate([sizes, sizes + 1])
        kin = np.concatenate([kin, kin | 1 << family])
        largest = np.concatenate([largest, np.maximum(largest, parameters)])
    shared = np.full(len(kin), IMPOSSIBLE)
    for family in range(len(vectors.layouts)):
        groups = np.flatnonzero(kin == 1 << family)
        parameters = vectors.count(mothernets[groups], np.full_like(groups, family))
        allowed = problem.allows(parameters, largest[groups])
        shared[groups] = np.where(allowed, (sizes[groups] - 1) * parameters, IMPOSSIBLE)
    return shared.tolist()
