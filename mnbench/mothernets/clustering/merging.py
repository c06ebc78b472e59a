"""Merging groups and splitting them: what a search does to whole groups.

A MotherNet has no more parameters than that of any part of its group. This bounds what a merge can
add, and only merges whose bound is good enough are counted.
"""

import numpy as np

from mnbench.mothernets.clustering.partition import Group, Members, Partition, Problem

NEVER = np.iinfo(np.int64).min  # what a step that cannot be taken adds
BATCH = 64  # merges that are counted at a time


def merged(problem: Problem, networks: Members, g: int) -> list[Members]:
    """Group *networks*: merge the two groups that keep most shared, until *g* are left.

    Returns:
        The groups; more than *g* where no two of them may be merged any more.
    """
    vectors, networks = problem.vectors, list(networks)
    members = [(network,) for network in networks]
    mothernets, parameters = vectors.rows[networks], vectors.parameters[networks]
    families, largest = vectors.families[networks], parameters.copy()
    sizes, shared = np.ones_like(parameters), np.zeros_like(parameters)
    gains = vectors.pairs[np.ix_(networks, networks)]
    kin = np.equal.outer(families, families)
    gains[~kin | ~problem.allows(gains, np.maximum.outer(largest, largest))] = NEVER
    np.fill_diagonal(gains, NEVER)
    best = gains.max(axis=1)
    for _ in range(len(networks) - g):
        one = int(best.argmax())
        if best[one] == NEVER:
            break
        other = int(gains[one].argmax())
        members[one], members[other] = members[one] + members[other], ()
        shared[one] += shared[other] + best[one]
        sizes[one], sizes[other] = sizes[one] + sizes[other], 0
        largest[one] = max(largest[one], largest[other])
        mothernets[one] = np.minimum(mothernets[one], mothernets[other])
        partners = np.flatnonzero((sizes > 0) & kin[one])
        partners = partners[partners != one]
        together = vectors.together(
            mothernets, np.full_like(partners, one), mothernets, partners, families[partners]
        )
        gain = (sizes[partners] + sizes[one] - 1) * together - shared[partners] - shared[one]
        gain[~problem.allows(together, np.maximum(largest[partners], largest[one]))] = NEVER
        # Only rows whose best partner may have been one of the two are looked through again.
        stale = (sizes > 0) & (best == np.maximum(gains[:, one], gains[:, other]))
        gains[other] = gains[:, other] = best[other] = NEVER
        gains[one, partners] = gains[partners, one] = gain
        best = np.maximum(best, gains[:, one])
        best[stale] = gains[stale].max(axis=1)
    return [group for group in members if group]


def halves(problem: Problem, group: Group) -> tuple[Group, Group]:
    """Split *group*, of two networks or more: merge up to two, or take one out, what is better."""
    if group not in problem.halves:
        out = int(group.others_parameters.argmax())
        rest = group.members[:out] + group.members[out + 1 :]
        splits = merged(problem, group.members, 2), [rest, group.members[out : out + 1]]
        pairs = [tuple(map(problem.group, split)) for split in splits]
        problem.halves[group] = max(pairs, key=lambda pair: sum(half.shared for half in pair))
    return problem.halves[group]


class Merges:
    """What merging any two groups of a partition adds: bounds, counted as far as is needed."""

    def __init__(self, partition: Partition) -> None:
        self._partition = p = partition
        order = np.argsort(p.home, kind="stable")
        starts = np.cumsum(p.sizes) - p.sizes
        across = np.minimum.reduceat(p.problem.vectors.pairs[order][:, order], starts, axis=0)
        across = np.minimum.reduceat(across, starts, axis=1)
        most = np.minimum(across, np.minimum.outer(p.parameters, p.parameters))
        groups = np.arange(len(p.groups))
        self._gains = self._adds(most, groups[:, None], groups)
        self._gains[np.tril_indices(len(groups))] = NEVER
        alone = p.sizes == 1  # two such groups share no less than the bound says
        self._counted = (self._gains == NEVER) | np.logical_and.outer(alone, alone)

    def best(self, without: int | None = None) -> tuple[int, int, int]:
        """The merge that adds most, of groups other than *without*.

        Returns:
            What it adds (NEVER if there is none), and the positions of the two groups.
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
        return int(gains.flat[at]), *divmod(at, len(gains))

    def _count(self, batch: np.ndarray) -> None:
        p, (one, other) = self._partition, np.divmod(batch, len(self._gains))
        together = p.problem.vectors.together(
            p.mothernets, one, p.mothernets, other, p.families[one]
        )
        self._gains.flat[batch] = self._adds(together, one, other)
        self._counted.flat[batch] = True

    def _adds(self, together: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """What merges add if their MotherNets have the parameters *together*."""
        p = self._partition
        gains = (p.sizes[one] + p.sizes[other] - 1) * together - p.shared[one] - p.shared[other]
        allowed = p.problem.allows(together, np.maximum(p.largest[one], p.largest[other]))
        return np.where(allowed & (p.families[one] == p.families[other]), gains, NEVER)
