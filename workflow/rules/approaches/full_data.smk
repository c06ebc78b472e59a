"""Full Data: every network from scratch on all training data, its own random initialisation."""

from baselines import full_data

APPROACHES["full_data"] = Approach("full_data", full_data.Options, full_data.lineage)


use rule training as full_data with:
    wildcard_constraints:
        approach="full_data",
