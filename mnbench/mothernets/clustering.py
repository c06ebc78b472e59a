"""Cluster an ensemble into g groups of similar networks, one MotherNet a group."""

from collections.abc import Sequence

from mnbench.architectures import Architecture
from mnbench.errors import UserError
from mnbench.mothernets.construction import incompatibility
from mnbench.mothernets.exact import best_partition
from mnbench.mothernets.partition import Partition, improve, merge
from mnbench.mothernets.vectors import Vectors

Group = tuple[int, ...]
EXACT = 10  # up to so many networks the best partition is found in milliseconds


def cluster(architectures: Sequence[Architecture], g: int) -> tuple[Group, ...]:
    """Partition the networks into exactly *g* non-empty groups that share as much as they can.

    Objective: the parameters that training does not share. A group costs its members' parameters
    less what each takes from the MotherNet, plus the MotherNet once; a group of one is trained
    from scratch. Over a partition this is the ensemble's parameters minus

        sum over the groups c of  (|c| - 1) * parameters(MotherNet of c),

    so the sum, the *shared* parameters, is maximised: exactly for up to ten networks. For more,
    the two groups that keep most shared are merged until g are left; then single networks are moved
    or swapped between groups, or two groups merged and a third one split, for as long as that
    shares more. (The paper's own algorithm is recalled as a balanced, K-means-like one with the
    MotherNet as centroid; this objective states what that is after: the work that need not be
    repeated.)

    Args:
        architectures: the members, in order.
        g: number of clusters, from 1 (fastest) to the ensemble's size (Full Data).

    Returns:
        Groups of indices, each ascending, ordered by their first index. Deterministic.

    Raises:
        UserError: g is out of range, or so small that incompatible networks would share a group.
    """
    if not 1 <= g <= len(architectures):
        raise UserError(
            f"g = {g} clusters of {len(architectures)} networks cannot be; "
            f"g runs from 1 to {len(architectures)}, the ensemble's size"
        )
    families = _families(architectures)
    if g <= max(families):
        one, other = (architectures[families.index(family)] for family in (0, 1))
        raise UserError(
            f"g = {g} clusters are too few: {one.name} and {other.name} cannot share one, since "
            f"{incompatibility(one, other)}; use g from {max(families) + 1}"
        )
    vectors = Vectors.of(architectures)
    if len(architectures) <= EXACT:
        groups = best_partition(vectors, families, g)
    else:
        alone = [[index] for index in range(len(architectures))]
        groups = improve(merge(Partition(vectors, families, alone), g)).members
    return tuple(sorted(tuple(sorted(group)) for group in groups))


def _families(architectures: Sequence[Architecture]) -> list[int]:
    """Number each network's family, from 0: compatibility is an equivalence."""
    founders: list[Architecture] = []
    families = []
    for network in architectures:
        kin = (i for i, founder in enumerate(founders) if not incompatibility(founder, network))
        families.append(next(kin, len(founders)))
        if families[-1] == len(founders):
            founders.append(network)
    return families
