"""TreeNets (Lee et al. 2015): first layers shared, then a branch a member, all trained together."""

from baselines import treenets

APPROACHES["treenets"] = Approach("treenets", treenets.Options, treenets.lineage)


use rule training as treenets with:
    wildcard_constraints:
        approach="treenets",
