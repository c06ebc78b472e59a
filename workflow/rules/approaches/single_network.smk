"""One network alone, at several budgets: Full Data's rule trains it."""

from baselines import single_network

APPROACHES["single_network"] = Approach(
    "single_network", single_network.Options, single_network.lineage
)
