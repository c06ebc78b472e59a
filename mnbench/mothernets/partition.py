"""The search for the partition whose groups share most: merging, exchanging, regrouping.

Everything is counted in integers and ties go to the lowest indices, so the result is the same
everywhere.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from mnbench.mothernets.vectors import MOST, Vectors

NEVER = np.iinfo(np.int64).min  # what a step that cannot be taken gains


class Partition:
    """Groups of networks with what the search asks of them, kept up to date.

    Attributes:
        members: the networks of each group.
        sizes, shared, mothernets: of each group: how many networks, the parameters that they
            share, ``(|c| - 1) * parameters(MotherNet)``, and their MotherNet's vector.
        home, others: of each network: its group, and the MotherNet of its group without it.
    """

    def __init__(
        self, vectors: Vectors, families: Sequence[int], groups: Iterable[Iterable[int]]
    ) -> None:
        self.vectors, self.families = vectors, np.asarray(families)
        groups = [list(group) for group in groups]
        count, width = vectors.rows.shape
        self.members: list[list[int]] = [[] for _ in groups]
        self.sizes = np.zeros(len(groups), dtype=np.int64)
        self.shared = np.zeros(len(groups), dtype=np.int64)
        self.mothernets = np.full((len(groups), width), MOST)
        self.home = np.full(count, -1)
        self.others = np.full((count, width), MOST)
        for group, members in enumerate(groups):
            self.assign(group, members)

    def assign(self, group: int, members: list[int]) -> None:
        """Make *members* (none: the group is gone) the networks of *group*."""
        self.members[group] = members
        self.sizes[group] = len(members)
        rows = self.vectors.rows[members]
        nothing = np.full((1, rows.shape[1]), MOST)
        before = np.minimum.accumulate(np.concatenate([nothing, rows]))
        after = np.minimum.accumulate(np.concatenate([nothing, rows[::-1]]))[::-1]
        self.home[members] = group
        self.others[members] = np.minimum(before[:-1], after[1:])
        self.mothernets[group] = before[-1]
        self.shared[group] = max(len(members) - 1, 0) * self._parameters(before[-1:])[0]

    def merge_gains(self, one: int) -> np.ndarray:
        """What merging group *one* with each other group would add to what is shared."""
        together = self._parameters(np.minimum(self.mothernets, self.mothernets[one]))
        gains = (self.sizes + self.sizes[one] - 1) * together - self.shared - self.shared[one]
        possible = (self.sizes > 0) & (self._family() == self._family()[one])
        possible[one] = False
        return np.where(possible, gains, NEVER)

    def move_gains(self, network: int) -> np.ndarray:
        """What moving *network* to each group would add."""
        a, row = self.home[network], self.vectors.rows[network]
        left = max(self.sizes[a] - 2, 0) * self._parameters(self.others[[network]])[0]
        joined = self.sizes * self._parameters(np.minimum(self.mothernets, row))
        possible = (self._family() == self.families[network]) & (self.sizes[a] > 1)
        possible[a] = False
        return np.where(possible, left - self.shared[a] + joined - self.shared, NEVER)

    def swap_gains(self, network: int) -> np.ndarray:
        """What *network* and each other network would add by changing places."""
        a, row, rows = self.home[network], self.vectors.rows[network], self.vectors.rows
        here = (self.sizes[a] - 1) * self._parameters(np.minimum(rows, self.others[network]))
        there = (self.sizes[self.home] - 1) * self._parameters(np.minimum(self.others, row))
        possible = (self.families == self.families[network]) & (self.home != a)
        gains = here - self.shared[a] + there - self.shared[self.home]
        return np.where(possible, gains, NEVER)

    def _family(self) -> np.ndarray:
        """The family of each group; of one that is gone, some family."""
        return self.families[[members[0] if members else 0 for members in self.members]]

    def _parameters(self, rows: np.ndarray) -> np.ndarray:
        return self.vectors.parameters(rows)


def merge(partition: Partition, g: int) -> Partition:
    """Merge two groups at a time, those that keep most shared, until *g* are left."""
    table = merge_table(partition)
    for _ in range(len(table) - g):
        one, other = sorted(divmod(int(table.argmax()), len(table)))
        partition.assign(one, partition.members[one] + partition.members[other])
        partition.assign(other, [])
        table[other] = table[:, other] = NEVER
        table[one] = table[:, one] = partition.merge_gains(one)
    remaining = filter(None, partition.members)
    return Partition(partition.vectors, partition.families, remaining)


def merge_table(partition: Partition) -> np.ndarray:
    """What merging any two groups would add, ``(groups, groups)``."""
    return np.array([partition.merge_gains(one) for one in range(len(partition.members))])


def exchange(partition: Partition) -> None:
    """Move single networks, or swap two, between groups for as long as more is shared."""
    network, unchanged = 0, 0
    while unchanged < len(partition.home):
        if step := _move(partition, network) or _swap(partition, network):
            unchanged = 0
            for group, members in step.items():
                partition.assign(group, members)
        else:
            unchanged += 1
        network = (network + 1) % len(partition.home)


def _move(partition: Partition, network: int) -> dict[int, list[int]]:
    """The two groups as they become when *network* moves to its best group; empty if in vain."""
    gains = partition.move_gains(network)
    a, b = int(partition.home[network]), int(gains.argmax())
    if gains[b] <= 0:
        return {}
    return {
        a: [other for other in partition.members[a] if other != network],
        b: [*partition.members[b], network],
    }


def _swap(partition: Partition, network: int) -> dict[int, list[int]]:
    """The two groups as they become by the best swap of *network*; empty if in vain."""
    gains = partition.swap_gains(network)
    guest = int(gains.argmax())
    if gains[guest] <= 0:
        return {}
    a, b = int(partition.home[network]), int(partition.home[guest])
    return {
        a: [other for other in partition.members[a] if other != network] + [guest],
        b: [other for other in partition.members[b] if other != guest] + [network],
    }


def improve(partition: Partition) -> Partition:
    """Exchange and regroup for as long as more is shared."""
    exchange(partition)
    while better := regroup(partition):
        partition = better
        exchange(partition)
    return partition


def regroup(partition: Partition) -> Partition | None:
    """Merge two groups and split a third one, whichever adds most; None if nothing does."""
    table = merge_table(partition)
    best, most = None, 0
    for group, members in enumerate(partition.members):
        if len(members) < 2:
            continue
        halves = _halves(partition, members)
        without = table.copy()
        without[group] = without[:, group] = NEVER
        gain = int(without.max())
        if gain == NEVER:
            continue
        gain += int(halves.shared.sum() - partition.shared[group])
        if gain > most:
            one, other = divmod(int(without.argmax()), len(table))
            merged = partition.members[one] + partition.members[other]
            kept = [
                members
                for i, members in enumerate(partition.members)
                if i not in (group, one, other)
            ]
            best, most = [*kept, merged, *halves.members], gain
    return best and Partition(partition.vectors, partition.families, best)


def _halves(partition: Partition, members: list[int]) -> Partition:
    """Split a group in two."""
    singles = Partition(partition.vectors, partition.families, [[index] for index in members])
    return merge(singles, 2)
