"""The method: construct a MotherNet, cluster an ensemble, hatch its members.

Source: Wasay et al., "MotherNets: Rapid Deep Ensemble Learning", MLSys 2020 (the paper's text is
not at hand: what is said of it here follows its project page, else is marked "recalled").
"""

from typing import TYPE_CHECKING

from mnbench.mothernets.clustering import cluster, least_g
from mnbench.mothernets.construction import construct, incompatibility

if TYPE_CHECKING:
    from mnbench.mothernets.hatching import hatch

__all__ = ["cluster", "construct", "hatch", "incompatibility", "least_g"]


def __getattr__(name: str) -> object:
    """Load ``hatch`` on first use: planning constructs and clusters, and does without torch."""
    if name == "hatch":
        from mnbench.mothernets.hatching import hatch

        return hatch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
