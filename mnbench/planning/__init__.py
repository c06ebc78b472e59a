"""From a configuration to a plan: every training, every ensemble, and what they will cost.

In comes a YAML file (:mod:`~mnbench.planning.config`) and the approaches; out goes a
:class:`~mnbench.planning.plan.Plan`. Open ``config`` and ``recipe`` for the keys, ``setting`` and
``lineage`` for what an approach says of itself, ``planner`` for how a plan is made, ``plan`` for
what it is. The trap: nothing here may import torch, since Snakemake plans each time it reads the
workflow.
"""
