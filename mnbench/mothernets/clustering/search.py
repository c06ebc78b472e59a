"""The search for the partitions whose groups share most: merging, exchanging, regrouping.

Everything is counted in integers and ties go to the first, so the result is the same everywhere.
"""

from dataclasses import dataclass

import numpy as np

from mnbench.mothernets.clustering.exchanging import exchange
from mnbench.mothernets.clustering.merging import NEVER, Merges, halves, merged
from mnbench.mothernets.clustering.partition import Group, Members, Partition, Problem


@dataclass(frozen=True, eq=False)
class Change:
    """Other groups in the place of some of a partition's.

    Attributes:
        total: the parameters that all groups share afterwards.
        gone: positions of the groups that go.
        groups: what comes.
    """

    partition: Partition
    total: int
    gone: tuple[int, ...]
    groups: tuple[Members, ...]

    def made(self) -> Partition:
        """Change, then exchange networks for as long as more is shared."""
        before = self.partition
        return exchange(before.replaced(self.gone, self.groups), settled=before.groups)


def one_number(problem: Problem, g: int) -> Partition | None:
    """Search for *g* groups; None if so few are not found."""
    groups = merged(problem, _networks(problem), g)
    if len(groups) == g:
        return _regrouped(exchange(Partition(problem, groups)))
    partition = fewest(problem)
    if len(partition.groups) > g:
        return None
    while len(partition.groups) < g:
        partition = _regrouped(_best_split(partition).made())
    return partition


def every_number(problem: Problem) -> dict[int, Partition]:
    """Search for every number of groups that can be found, so that neighbours agree.

    From single networks down, the best merge starts the search for the next number of groups.
    Then, for as long as the best merge or split of what was found for one number shares more than
    what was found for the next, it takes its place.
    """
    partition = Partition(problem, [[network] for network in _networks(problem)])
    found = {len(partition.groups): partition}
    while change := _best_merge(partition) or _dissolved(partition):
        partition = _regrouped(change.made())
        found[len(partition.groups)] = partition
    unchecked = set(found)
    while unchecked:
        number = min(unchecked)
        unchecked.remove(number)
        for change in filter(None, (_best_split(found[number]), _best_merge(found[number]))):
            other = number - len(change.gone) + len(change.groups)
            if other not in found or change.total > found[other].total:
                found[other] = _regrouped(change.made())
                unchecked.add(other)
    return found


def fewest(problem: Problem) -> Partition:
    """Search for the partition of the fewest groups."""
    partition = Partition(problem, merged(problem, _networks(problem), 1))
    while change := _best_merge(partition) or _dissolved(partition):
        partition = _regrouped(change.made())
    return partition


def _best_merge(partition: Partition) -> Change | None:
    """The merge of two groups that leaves most shared, if any may be merged."""
    gain, *gone = Merges(partition).best()
    if gain == NEVER:
        return None
    return Change(partition, partition.total + gain, tuple(gone), (_both(partition, *gone),))


def _best_split(partition: Partition) -> Change | None:
    """The split of a group that leaves most shared, if any has two networks."""
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
    """The merge of two groups and split of a third one that adds most, if any does."""
    p, merges = partition, Merges(partition)
    best = p.total, (), ()
    gain, *pair = merges.best()
    for at, group in enumerate(p.groups):
        if len(group.members) < 2:
            continue
        added, one, other = merges.best(without=at) if at in pair else (gain, *pair)
        if added > NEVER and (total := p.total + added + _split_gain(p.problem, group)) > best[0]:
            best = total, (one, other, at), group
    total, gone, group = best
    if not gone:
        return None
    split = (half.members for half in halves(p.problem, group))
    return Change(p, total, gone, (_both(p, *gone[:2]), *split))


def _regrouped(partition: Partition) -> Partition:
    """Regroup, and exchange again, for as long as more is shared."""
    while change := _best_regrouping(partition):
        partition = change.made()
    return partition


def _dissolved(partition: Partition) -> Change | None:
    """Spread the networks of some group over the others, if those may take them."""
    return next(
        filter(None, (_spread(partition, at) for at in np.argsort(partition.sizes, kind="stable"))),
        None,
    )


def _spread(partition: Partition, at: int) -> Change | None:
    """Put each network of the group at *at*, the largest first, where it leaves most shared."""
    p, vectors = partition, partition.problem.vectors
    kin = np.flatnonzero((p.families == p.families[at]) & (np.arange(len(p.groups)) != at))
    mothernets, sizes, largest = p.mothernets[kin], p.sizes[kin], p.largest[kin]
    parameters, added = p.parameters[kin], [() for _ in kin]
    for network in sorted(p.groups[at].members, key=lambda network: -vectors.parameters[network]):
        rows = np.minimum(mothernets, vectors.rows[network])
        together = vectors.count(rows, p.families[kin])
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
    """What splitting *group* adds; seldom more than nothing."""
    return sum(half.shared for half in halves(problem, group)) - group.shared


def _both(partition: Partition, one: int, other: int) -> Members:
    return partition.groups[one].members + partition.groups[other].members


def _networks(problem: Problem) -> Members:
    return tuple(range(len(problem.vectors.rows)))
