"""Find the best partition of a few networks, by dynamic programming over all their subsets.

Open this module for the exact answer that the search is compared with. A subset of the networks is
a whole number, and network i is its bit i. The trap: time grows as 3 to the power of the number of
networks.
"""

from functools import cache

import numpy as np

from mnbench.mothernets.clustering.partition import Problem
from mnbench.mothernets.clustering.segments import UNBOUNDED

IMPOSSIBLE = -(1 << 62)  # in the place of what incompatible networks share


def best_partitions(problem: Problem) -> dict[int, list[tuple[int, ...]]]:
    """Return the partition that shares most, for every possible number of groups.

    Takes time 3 to the power of the number of networks.
    """
    count = len(problem.vectors.rows)
    shared = _shared_by_subset(problem)

    @cache
    def best(networks: int, groups: int) -> tuple[int, tuple[int, ...]]:
        """Return the most that the subset *networks* shares in that number of groups, and these."""
        if not networks or not groups:
            return (0 if networks == groups == 0 else IMPOSSIBLE), ()
        first = networks & -networks
        others = rest = networks ^ first
        maximum: tuple[int, tuple[int, ...]] = IMPOSSIBLE, ()
        while True:  # over every subset of the others, all of them first
            group = rest | first
            if shared[group] > IMPOSSIBLE:
                more, partition = best(networks ^ group, groups - 1)
                if more > IMPOSSIBLE and more + shared[group] > maximum[0]:
                    maximum = more + shared[group], (group, *partition)
            if not rest:
                return maximum
            rest = (rest - 1) & others

    best_at = {g: best((1 << count) - 1, g) for g in range(1, count + 1)}
    return {
        g: [tuple(i for i in range(count) if group >> i & 1) for group in partition]
        for g, (total, partition) in best_at.items()
        if total > IMPOSSIBLE
    }


def _shared_by_subset(problem: Problem) -> list[int]:
    """Count what each subset's networks share, by its bits; IMPOSSIBLE if they must not."""
    vectors = problem.vectors
    mothernets = np.full((1, vectors.rows.shape[1]), UNBOUNDED)
    sizes, kin, largest = np.zeros((3, 1), dtype=np.int64)
    for row, class_number, parameters in zip(
        vectors.rows, vectors.class_numbers, vectors.parameters, strict=True
    ):
        # The subsets with this network follow those without it.
        mothernets = np.concatenate([mothernets, np.minimum(mothernets, row)])
        sizes = np.concatenate([sizes, sizes + 1])
        kin = np.concatenate([kin, kin | 1 << class_number])
        largest = np.concatenate([largest, np.maximum(largest, parameters)])
    shared = np.full(len(kin), IMPOSSIBLE)
    for class_number in range(len(vectors.layouts)):
        groups = np.flatnonzero(kin == 1 << class_number)
        parameters = vectors.count(mothernets[groups], np.full_like(groups, class_number))
        allowed = problem.allows(parameters, largest[groups])
        shared[groups] = np.where(allowed, (sizes[groups] - 1) * parameters, IMPOSSIBLE)
    return shared.tolist()
