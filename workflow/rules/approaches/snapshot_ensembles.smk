"""Snapshot Ensembles (Huang et al. 2017): one run of cosine cycles, a member after each."""

from baselines import snapshot_ensembles

APPROACHES["snapshot_ensembles"] = Approach(
    "snapshot_ensembles", snapshot_ensembles.Options, snapshot_ensembles.lineage
)


use rule training as snapshot_ensembles with:
    wildcard_constraints:
        approach="snapshot_ensembles",
