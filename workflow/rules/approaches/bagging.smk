"""Bagging: each network from scratch on its own bootstrap sample (Breiman 1996)."""

from baselines import bagging

APPROACHES["bagging"] = Approach("bagging", bagging.Options, bagging.lineage)


use rule training as bagging with:
    wildcard_constraints:
        approach="bagging",
