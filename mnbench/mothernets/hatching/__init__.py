"""Hatch a member from its MotherNet. The one entrance: :func:`hatch`.

In come a trained module and two architecture values; out goes a larger module that computes the
same function. Open ``hatching`` for the idea, ``growth`` for each kind of block, ``flow`` for the
replication of channels. The trap: a member is exact until it is shrunk or noise is added.
"""

from mnbench.mothernets.hatching.hatching import hatch, hatching_difference, perturb, shrink

__all__ = ["hatch", "hatching_difference", "perturb", "shrink"]
