"""MotherNets (Wasay et al. 2020): train what a cluster has in common once, then hatch its members."""

from baselines import mothernets

APPROACHES["mothernets"] = Approach("mothernets", mothernets.Options, mothernets.lineage)


use rule training as mothernets with:
    wildcard_constraints:
        approach="mothernets",
