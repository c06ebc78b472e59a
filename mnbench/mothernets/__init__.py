"""The method: construct a MotherNet, cluster an architecture set, hatch its members.

In come architecture values and a trained module; out go clusters, MotherNets and larger modules
that compute the same function. Open ``construction``, ``clustering`` or ``hatching`` for a step of
the method, ``preview`` for its cost. The trap: :func:`hatch` needs torch, the others do without.

Source: Wasay et al., "MotherNets: Rapid Deep Ensemble Learning", MLSys 2020. Statements about the
paper that are marked "unverified" come from memory, not from its text.
"""

from typing import TYPE_CHECKING

from mnbench.mothernets.clustering import cluster, minimum_g
from mnbench.mothernets.construction import construct, incompatibility

if TYPE_CHECKING:
    from mnbench.mothernets.hatching import hatch

__all__ = ["cluster", "construct", "hatch", "incompatibility", "minimum_g"]


def __getattr__(name: str) -> object:
    """Load ``hatch`` on first use: planning constructs and clusters, and does without torch."""
    if name == "hatch":
        from mnbench.mothernets.hatching import hatch

        return hatch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
