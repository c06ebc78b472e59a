"""Merge groups and split them: what a search does to whole groups.

Open this module to change how the number of groups changes. A group's MotherNet has no more
parameters than the MotherNet of any part of the group. This bounds what a merge can add. The trap:
an entry of :class:`Merges` may be a bound until it is counted.
"""

import numpy as np

from mnbench.mothernets.clustering.partition import Group, Members, Partition, Problem

NEVER = np.iinfo(np.int64).min  # the gain of an impossible step
BATCH = 64  # merges counted together


def merged(problem: Problem, networks: Members, g: int) -> list[Members]:
    """Merge *networks* into *g* groups, always the two groups that keep most shared.

    Returns:
        The groups; more than *g* if no two of them may be merged any more.
    """
    vectors, indices = problem.vectors, list(networks)
    members: list[Members] = [(network,) for network in indices]
    mothernets, parameters = vectors.rows[indices], vectors.parameters[indices]
    class_numbers, largest = vectors.class_numbers[indices], parameters.copy()
    sizes, shared = np.ones_like(parameters), np.zeros_like(parameters)
    gains = vectors.pairs[np.ix_(indices, indices)]
    kin = np.equal.outer(class_numbers, class_numbers)
    gains[~kin | ~problem.allows(gains, np.maximum.outer(largest, largest))] = NEVER
    np.fill_diagonal(gains, NEVER)
    best = gains.max(axis=1)
    for _ in range(len(indices) - g):
        kept = int(best.argmax())
        if best[kept] == NEVER:
            break
        gone = int(gains[kept].argmax())
        members[kept], members[gone] = members[kept] + members[gone], ()
        shared[kept] += shared[gone] + best[kept]
        sizes[kept], sizes[gone] = sizes[kept] + sizes[gone], 0
        largest[kept] = max(largest[kept], largest[gone])
        mothernets[kept] = np.minimum(mothernets[kept], mothernets[gone])
        partners = np.flatnonzero((sizes > 0) & kin[kept])
        partners = partners[partners != kept]
        together = vectors.together(
            mothernets, np.full_like(partners, kept), mothernets, partners, class_numbers[partners]
        )
        gain = (sizes[partners] + sizes[kept] - 1) * together - shared[partners] - shared[kept]
        gain[~problem.allows(together, np.maximum(largest[partners], largest[kept]))] = NEVER
        # Only rows whose best partner may have been one of the two are looked through again.
        stale = (sizes > 0) & (best == np.maximum(gains[:, kept], gains[:, gone]))
        gains[gone] = gains[:, gone] = best[gone] = NEVER
        gains[kept, partners] = gains[partners, kept] = gain
        best = np.maximum(best, gains[:, kept])
        best[stale] = gains[stale].max(axis=1)
    return [group for group in members if group]


def halves(problem: Problem, group: Group) -> tuple[Group, Group]:
    """Split a group of two or more networks: by merging them into two, or by taking one out."""
    if group not in problem.halves:
        out = int(group.others_parameters.argmax())
        rest = group.members[:out] + group.members[out + 1 :]
        splits = merged(problem, group.members, 2), [rest, group.members[out : out + 1]]
        pairs = [(problem.group(first), problem.group(second)) for first, second in splits]
        problem.halves[group] = max(pairs, key=lambda pair: sum(half.shared for half in pair))
    return problem.halves[group]


class Merges:
    """What merging any two groups of a partition adds: bounds, counted only when needed."""

    def __init__(self, partition: Partition) -> None:
        self._partition = p = partition
        order = np.argsort(p.home, kind="stable")
        starts = np.cumsum(p.sizes) - p.sizes
        across = np.minimum.reduceat(p.problem.vectors.pairs[order][:, order], starts, axis=0)
        across = np.minimum.reduceat(across, starts, axis=1)
        bounds = np.minimum(across, np.minimum.outer(p.parameters, p.parameters))
        groups = np.arange(len(p.groups))
        self._gains = self._adds(bounds, groups[:, None], groups)
        self._gains[np.tril_indices(len(groups))] = NEVER
        alone = p.sizes == 1  # for two single networks the bound is exact
        self._counted = (self._gains == NEVER) | np.logical_and.outer(alone, alone)

    def best(self, without: int | None = None) -> tuple[int, int, int]:
        """Return the merge that adds most, leaving out the group at position *without*.

        Returns:
            The gain (NEVER if no merge is possible), and the positions of the two groups.
        """
        gains = self._gains
        if without is not None:
            gains = gains.copy()
            gains[without] = gains[:, without] = NEVER
        while not self._counted.flat[at := int(gains.argmax())]:
            bounds = np.where(self._counted, NEVER, gains).ravel()
            batch = np.argpartition(bounds, -min(BATCH, bounds.size))[-BATCH:]
            batch = batch[bounds[batch] > NEVER]
            self._count(batch)
            gains.flat[batch] = self._gains.flat[batch]
        row, column = divmod(at, len(gains))
        return int(gains[row, column]), row, column

    def _count(self, batch: np.ndarray) -> None:
        p, (first, second) = self._partition, np.divmod(batch, len(self._gains))
        together = p.problem.vectors.together(
            p.mothernets, first, p.mothernets, second, p.class_numbers[first]
        )
        self._gains.flat[batch] = self._adds(together, first, second)
        self._counted.flat[batch] = True

    def _adds(self, together: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return what merges add if their MotherNets have the parameters *together*."""
        p = self._partition
        gains = (
            (p.sizes[first] + p.sizes[second] - 1) * together - p.shared[first] - p.shared[second]
        )
        allowed = p.problem.allows(together, np.maximum(p.largest[first], p.largest[second]))
        return np.where(allowed & (p.class_numbers[first] == p.class_numbers[second]), gains, NEVER)
