"""One network alone, at several budgets: what a fair reader asks an ensemble to beat."""

from baselines import single_network

APPROACHES["single_network"] = Approach(
    "single_network", single_network.Options, single_network.lineage
)


use rule training as single_network with:
    wildcard_constraints:
        approach="single_network",
