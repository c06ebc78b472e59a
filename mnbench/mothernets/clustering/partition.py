"""Groups of networks, which of them may be, and partitions into them: all values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mnbench.mothernets.clustering.segments import MOST
from mnbench.mothernets.clustering.vectors import Vectors

Members = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Group:
    """Networks of one family, with what a search asks of them.

    Attributes:
        members: ascending.
        family: of all of them.
        largest: parameters of the largest one.
        mothernet, parameters: the MotherNet's vector, and its parameters.
        others, others_parameters, others_largest: the same of the group without each member, in
            their order; nothing has 0 parameters.
    """

    members: Members
    family: int
    largest: int
    mothernet: np.ndarray
    parameters: int
    others: np.ndarray
    others_parameters: np.ndarray
    others_largest: np.ndarray

    @classmethod
    def of(cls, vectors: Vectors, members: Members) -> "Group":
        """Work all this out."""
        indices = np.array(members)
        family = vectors.families[indices[0]]
        rows, parameters = vectors.rows[indices], vectors.parameters[indices]
        before, after = _minima(rows), _minima(rows[::-1])[::-1]
        others = np.minimum(before[:-1], after[1:])
        counts = vectors.count(
            np.concatenate([before[-1:], others]), np.full(len(members) + 1, family)
        )
        *_, second, first = np.sort([0, *parameters])
        is_first = np.arange(len(members)) == parameters.argmax()
        return cls(
            members,
            int(family),
            int(first),
            before[-1],
            int(counts[0]),
            others,
            counts[1:] * (len(members) > 1),  # of nothing there is no count
            np.where(is_first, second, first),
        )

    @property
    def shared(self) -> int:
        """The parameters trained once for all: ``(|c| - 1) * parameters(MotherNet)``."""
        return (len(self.members) - 1) * self.parameters


class Problem:
    """The networks of an ensemble, and which of them may share a group.

    They may if they are of one family and their MotherNet has at least the fraction *tau* of the
    parameters of the largest of them. Then any part of them may, too.

    Attributes:
        vectors: the networks.
        tau: the fraction.
        halves: the best splits of groups, as far as a search has looked for them.
    """

    def __init__(self, vectors: Vectors, tau: float = 0.0) -> None:
        self.vectors, self.tau = vectors, tau
        self.halves: dict[Group, tuple[Group, Group]] = {}
        self._groups: dict[Members, Group] = {}

    def allows(self, mothernet: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """Whether groups may be whose MotherNet and largest member have so many parameters."""
        return mothernet >= self.tau * largest

    def group(self, members: Iterable[int]) -> Group:
        """The group of *members*, worked out once."""
        members = tuple(sorted(members))
        if members not in self._groups:
            self._groups[members] = Group.of(self.vectors, members)
        return self._groups[members]


class Partition:
    """Groups that hold every network once, as arrays.

    Attributes:
        groups: in some order.
        sizes, families, largest, mothernets, parameters, shared: of each group.
        home, others, others_parameters, others_largest: of each network: the position of its
            group, and what that group is without it.
    """

    def __init__(self, problem: Problem, groups: Iterable[Iterable[int]]) -> None:
        self.problem = problem
        self.groups = tuple(problem.group(members) for members in groups)
        self.sizes = np.array([len(group.members) for group in self.groups])
        self.families = np.array([group.family for group in self.groups])
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
        """The partition with other *groups* for those at the positions *gone*; they come last."""
        kept = [group.members for at, group in enumerate(self.groups) if at not in gone]
        return Partition(self.problem, [*kept, *groups])


def _minima(rows: np.ndarray) -> np.ndarray:
    """The minimum of the first 0, 1, ... of *rows*: ``(m, numbers)`` to ``(m + 1, numbers)``."""
    nothing = np.full((1, rows.shape[1]), MOST)
    return np.minimum.accumulate(np.concatenate([nothing, rows]))
