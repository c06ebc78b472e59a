"""From a configuration to a plan: every training, every ensemble, and what they will cost.

In comes a YAML file (:mod:`~mnbench.planning.config`) and the approaches; out goes a
:class:`~mnbench.planning.plan.Plan`. Nothing here imports torch: Snakemake plans each time it reads
the workflow.
"""
