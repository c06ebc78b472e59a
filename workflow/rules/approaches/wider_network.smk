"""One network as large as the ensemble, at its cost: a control (Wasay and Idreos 2021)."""

from baselines import wider_network

APPROACHES["wider_network"] = Approach(
    "wider_network", wider_network.Options, wider_network.lineage
)


use rule training as wider_network with:
    wildcard_constraints:
        approach="wider_network",
