"""Search for the partitions whose groups share most: merge, exchange, regroup.

Open this module to change the search for more than 10 networks. The trap: the result must be the
same on every machine. So everything is counted in integers, and ties go to the first candidate.
"""

from dataclasses import dataclass

import numpy as np

from mnbench.mothernets.clustering.exchanging import exchange
from mnbench.mothernets.clustering.merging import NEVER, Merges, halves, merged
from mnbench.mothernets.clustering.partition import Group, Members, Partition, Problem


@dataclass(frozen=True, eq=False)
class Change:
    """A replacement of some of a partition's groups by others.

    Attributes:
        partition: the partition before.
        total: the parameters that all groups share afterwards.
        gone: positions of the groups that go.
        groups: the groups that come.
    """

    partition: Partition
    total: int
    gone: tuple[int, ...]
    groups: tuple[Members, ...]

    def made(self) -> Partition:
        """Return the changed partition, after exchanging networks while more gets shared."""
        before = self.partition
        return exchange(before.replaced(self.gone, self.groups), settled=before.groups)


def one_number(problem: Problem, g: int) -> Partition | None:
    """Search for *g* groups; return None if the search ends with more."""
    groups = merged(problem, _networks(problem), g)
    if len(groups) == g:
        return _regrouped(exchange(Partition(problem, groups)))
    partition = fewest(problem)
    if len(partition.groups) > g:
        return None
    while len(partition.groups) < g and (split := _best_split(partition)):
        partition = _regrouped(split.made())
    return partition


def every_number(problem: Problem) -> dict[int, Partition]:
    """Search for every number of groups, so that neighbouring numbers agree.

    From single networks down, the best merge starts the search for the next number of groups. Then
    the best merge and split of each result are compared with the results next to it. A better one
    takes the place of the result, until none is better.

    Returns:
        The partition by the number of its groups.
    """
    partition = Partition(problem, [[network] for network in _networks(problem)])
    partitions = {len(partition.groups): partition}
    while change := _best_merge(partition) or _dissolved(partition):
        partition = _regrouped(change.made())
        partitions[len(partition.groups)] = partition
    unchecked = set(partitions)
    while unchecked:
        number = min(unchecked)
        unchecked.remove(number)
        partition = partitions[number]
        for change in filter(None, (_best_split(partition), _best_merge(partition))):
            next_number = number - len(change.gone) + len(change.groups)
            known = partitions.get(next_number)
            if known is None or change.total > known.total:
                partitions[next_number] = _regrouped(change.made())
                unchecked.add(next_number)
    return partitions


def fewest(problem: Problem) -> Partition:
    """Search for the partition of the fewest groups."""
    partition = Partition(problem, merged(problem, _networks(problem), 1))
    while change := _best_merge(partition) or _dissolved(partition):
        partition = _regrouped(change.made())
    return partition


def _best_merge(partition: Partition) -> Change | None:
    """Return the merge of two groups that leaves most shared, if any may be merged."""
    gain, *gone = Merges(partition).best()
    if gain == NEVER:
        return None
    return Change(partition, partition.total + gain, tuple(gone), (_both(partition, *gone),))


def _best_split(partition: Partition) -> Change | None:
    """Return the split of a group that leaves most shared, if any has two networks."""
    gains = {
        at: _split_gain(partition.problem, group)
        for at, group in enumerate(partition.groups)
        if len(group.members) > 1
    }
    if not gains:
        return None
    at = max(gains, key=gains.__getitem__)
    split = tuple(half.members for half in halves(partition.problem, partition.groups[at]))
    return Change(partition, partition.total + gains[at], (at,), split)


def _best_regrouping(partition: Partition) -> Change | None:
    """Return the merge of two groups and split of a third one that adds most, if any does."""
    p, merges = partition, Merges(partition)
    best_total, best_gone, best_split = p.total, (0, 0, 0), None
    gain, *pair = merges.best()
    for at, group in enumerate(p.groups):
        if len(group.members) < 2:
            continue
        added, first, second = merges.best(without=at) if at in pair else (gain, *pair)
        if added == NEVER:
            continue
        total = p.total + added + _split_gain(p.problem, group)
        if total > best_total:
            best_total, best_gone, best_split = total, (first, second, at), group
    if best_split is None:
        return None
    split = (half.members for half in halves(p.problem, best_split))
    return Change(p, best_total, best_gone, (_both(p, *best_gone[:2]), *split))


def _regrouped(partition: Partition) -> Partition:
    """Return the partition after regrouping and exchanging while more gets shared."""
    while change := _best_regrouping(partition):
        partition = change.made()
    return partition


def _dissolved(partition: Partition) -> Change | None:
    """Return the partition without one group, its networks spread over others, if allowed."""
    return next(
        filter(None, (_spread(partition, at) for at in np.argsort(partition.sizes, kind="stable"))),
        None,
    )


def _spread(partition: Partition, at: int) -> Change | None:
    """Move each network of the group at *at*, the largest first, to the group that gains most."""
    p, vectors = partition, partition.problem.vectors
    kin = np.flatnonzero(
        (p.class_numbers == p.class_numbers[at]) & (np.arange(len(p.groups)) != at)
    )
    mothernets, sizes, largest = p.mothernets[kin], p.sizes[kin], p.largest[kin]
    parameters = p.parameters[kin]
    added: list[Members] = [() for _ in kin]
    for network in sorted(p.groups[at].members, key=lambda network: -vectors.parameters[network]):
        rows = np.minimum(mothernets, vectors.rows[network])
        together = vectors.count(rows, p.class_numbers[kin])
        allowed = p.problem.allows(together, np.maximum(largest, vectors.parameters[network]))
        gains = np.where(allowed, sizes * together - (sizes - 1) * parameters, NEVER)
        if gains.max(initial=NEVER) == NEVER:
            return None
        best = int(gains.argmax())
        mothernets[best], parameters[best] = rows[best], together[best]
        largest[best] = max(largest[best], vectors.parameters[network])
        sizes[best] += 1
        added[best] += (network,)
    grown = [i for i, more in enumerate(added) if more]
    gone = (at, *(int(kin[i]) for i in grown))
    groups = tuple(p.groups[kin[i]].members + added[i] for i in grown)
    shared = (sizes - 1) * parameters
    total = p.total - p.shared[list(gone)].sum() + shared[grown].sum()
    return Change(p, int(total), gone, groups)


def _split_gain(problem: Problem, group: Group) -> int:
    """Return what splitting *group* adds; it is seldom positive."""
    return sum(half.shared for half in halves(problem, group)) - group.shared


def _both(partition: Partition, first: int, second: int) -> Members:
    return partition.groups[first].members + partition.groups[second].members


def _networks(problem: Problem) -> Members:
    return tuple(range(len(problem.vectors.rows)))
