"""Hatch a member from its MotherNet. The one entrance: :func:`hatch`.

In come a trained module and two architecture values; out goes a larger module that computes the
same function. Open ``hatching`` for the idea, ``growth`` for each kind of block, ``flow`` for the
replication of channels, ``origins`` for what each parameter came from. The trap: a member is exact
until it is shrunk, drawn anew or noise is added.
"""

from mnbench.mothernets.hatching.hatching import (
    hatch,
    hatch_with_origins,
    hatching_difference,
    perturb,
    renew,
    renew_at_random,
    shrink,
)
from mnbench.mothernets.hatching.origins import Origin, Origins, carried_momentum

__all__ = [
    "Origin",
    "Origins",
    "carried_momentum",
    "hatch",
    "hatch_with_origins",
    "hatching_difference",
    "perturb",
    "renew",
    "renew_at_random",
    "shrink",
]
