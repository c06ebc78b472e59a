"""Cluster an architecture set. The one entrance: :func:`cluster`.

In come architecture values and g; out go groups of indices. Open this folder to change what counts
as similar (``partition``) or how partitions are searched (``search``). numpy only, no torch.
The trap: a group holds positions in the list of architectures, never names.
"""

from mnbench.mothernets.clustering.clustering import cluster, minimum_g

__all__ = ["cluster", "minimum_g"]
