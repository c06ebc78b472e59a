"""Descent: from whom each member of a cluster is hatched, its MotherNet or another member.

The mechanism that grows a network from a smaller one is the same; only the edges differ. A star is
the paper's: every member from the MotherNet. In a tree a member is hatched from its nearest
relative. Where every network reaches the next, that is a chain ("HatchEnsemble", Xia, Bouganis
2021); where all are equal, it is a path of snapshots.

Open this module to add a shape. The trap: a parent must be reachable, that is, the two networks
have exactly the parent in common.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from mnbench.architectures import Architecture
from mnbench.errors import UserError
from mnbench.mothernets.construction import construct

Descent = Literal["star", "tree"]
MOTHERNET = -1  # as a parent; the others are positions among the members


def parents(
    members: Sequence[Architecture], shape: Descent, size: Callable[[Architecture], int]
) -> list[int]:
    """Return each member's parent: a position among *members*, or :data:`MOTHERNET`.

    The tree is the minimum arborescence over reachable pairs, where an edge costs what the child
    does not inherit: its own size less its parent's. Reaching is an order, in which nobody is their
    own ancestor, so that everybody's cheapest parent makes that tree.

    Args:
        members: of one cluster; the MotherNet reaches all of them.
        shape: ``star`` or ``tree``.
        size: a network's number of parameters, or another measure that does not shrink in growing.

    Returns:
        Without cycles: of two equal members only the first can be the other's parent.
    """
    if shape == "star":
        return [MOTHERNET] * len(members)
    order = sorted(range(len(members)), key=lambda index: (size(members[index]), index))
    chosen = [MOTHERNET] * len(members)
    for position, child in enumerate(order):
        smaller = [index for index in order[:position] if reaches(members[index], members[child])]
        chosen[child] = smaller[-1] if smaller else MOTHERNET
    return chosen


def reaches(parent: Architecture, child: Architecture) -> bool:
    """Return whether *child* can be hatched from *parent*."""
    try:
        return construct([parent, child]) == parent
    except UserError:
        return False
