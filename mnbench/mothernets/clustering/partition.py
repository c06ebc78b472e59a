"""Groups of networks, the groups that are allowed, and partitions into groups: all are values.

Open this module to change the objective (:attr:`Group.shared`) or the condition
(:meth:`Problem.allows`). The trap: groups are compared by identity, so take them from
:meth:`Problem.group`, which makes each only once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mnbench.mothernets.clustering.segments import UNBOUNDED
from mnbench.mothernets.clustering.vectors import Vectors

Members = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Networks of one compatible class, with all that a search asks about them.

    Attributes:
        members: indices of networks, ascending.
        class_number: their class.
        largest: parameters of the largest member.
        mothernet, parameters: the MotherNet's vector, and its parameters.
        others, others_parameters, others_largest: the same for the group without each member, in
            the members' order. An empty group has 0 parameters.
    """

    members: Members
    class_number: int
    largest: int
    mothernet: np.ndarray
    parameters: int
    others: np.ndarray
    others_parameters: np.ndarray
    others_largest: np.ndarray

    @classmethod
    def of(cls, vectors: Vectors, members: Members) -> "Group":
        """Make a group of *members*, ascending indices into *vectors*."""
        indices = np.array(members)
        class_number = vectors.class_numbers[indices[0]]
        rows, parameters = vectors.rows[indices], vectors.parameters[indices]
        before, after = _minima(rows), _minima(rows[::-1])[::-1]
        others = np.minimum(before[:-1], after[1:])
        counts = vectors.count(
            np.concatenate([before[-1:], others]), np.full(len(members) + 1, class_number)
        )
        *_, second, first = np.sort([0, *parameters])
        is_first = np.arange(len(members)) == parameters.argmax()
        return cls(
            members,
            int(class_number),
            int(first),
            before[-1],
            int(counts[0]),
            others,
            counts[1:] * (len(members) > 1),  # an empty group has no MotherNet to count
            np.where(is_first, second, first),
        )

    @property
    def shared(self) -> int:
        """Parameters that need not be trained again: ``(|c| - 1) * parameters(MotherNet)``."""
        return (len(self.members) - 1) * self.parameters


class Problem:
    """The networks to cluster, and the condition for sharing a group.

    Networks may share a group if they are compatible and their MotherNet has at least the
    fraction *tau* of the largest one's parameters. Any part of an allowed group is allowed, too.

    Attributes:
        vectors: the networks.
        tau: the fraction.
        halves: the best split of each group that a search has split so far.
    """

    def __init__(self, vectors: Vectors, tau: float = 0.0) -> None:
        self.vectors, self.tau = vectors, tau
        self.halves: dict[Group, tuple[Group, Group]] = {}
        self._groups: dict[Members, Group] = {}

    def allows(self, mothernet: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """Tell which groups are allowed, by the parameters of MotherNet and largest member."""
        return mothernet >= self.tau * largest

    def group(self, members: Iterable[int]) -> Group:
        """Return the group of *members*, the same object each time."""
        ascending = tuple(sorted(members))
        if ascending not in self._groups:
            self._groups[ascending] = Group.of(self.vectors, ascending)
        return self._groups[ascending]


class Partition:
    """Groups that contain every network once, as arrays.

    Attributes:
        groups: in any order.
        sizes, class_numbers, largest, mothernets, parameters, shared: for each group.
        home: for each network, the position of its group.
        others, others_parameters, others_largest: for each network, its group without it.
    """

    def __init__(self, problem: Problem, groups: Iterable[Iterable[int]]) -> None:
        self.problem = problem
        self.groups = tuple(problem.group(members) for members in groups)
        self.sizes = np.array([len(group.members) for group in self.groups])
        self.class_numbers = np.array([group.class_number for group in self.groups])
        self.largest = np.array([group.largest for group in self.groups])
        self.mothernets = np.array([group.mothernet for group in self.groups])
        self.parameters = np.array([group.parameters for group in self.groups])
        self.shared = (self.sizes - 1) * self.parameters
        order = np.argsort(np.concatenate([group.members for group in self.groups]))
        self.home = np.repeat(np.arange(len(self.groups)), self.sizes)[order]
        self.others, self.others_parameters, self.others_largest = (
            np.concatenate([getattr(group, key) for group in self.groups])[order]
            for key in ("others", "others_parameters", "others_largest")
        )

    @property
    def total(self) -> int:
        """The parameters that all groups share."""
        return int(self.shared.sum())

    def replaced(self, gone: Sequence[int], groups: Iterable[Iterable[int]]) -> "Partition":
        """Return the partition with *groups*, placed last, for those at the positions *gone*."""
        kept = [group.members for at, group in enumerate(self.groups) if at not in gone]
        return Partition(self.problem, [*kept, *groups])


def _minima(rows: np.ndarray) -> np.ndarray:
    """Return the minima of the first 0, 1, ... rows: ``(m, numbers)`` to ``(m + 1, numbers)``."""
    nothing = np.full((1, rows.shape[1]), UNBOUNDED)
    return np.minimum.accumulate(np.concatenate([nothing, rows]))
