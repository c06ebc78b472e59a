"""Cluster an ensemble's architectures. The one entrance: :func:`cluster`.

In come architecture values and g; out go groups of indices. numpy only, no torch.
"""

from mnbench.mothernets.clustering.clustering import cluster, least_g

__all__ = ["cluster", "least_g"]
