"""The approaches: one module each says which networks it trains, from what, and how.

A module has three parts:

``Options``
    the keys that a configuration may set for the approach;
``lineage(setting, options)``
    the approach's trainings, their parents, and the members of its ensembles of every size;
``train(job)``
    one training; ``mnbench train PLAN ID`` runs it.

Open one to see how an approach works, or to copy it for another. The trap: the first two parts may
not import torch at the top of the module, since Snakemake asks them while it plans.
"""
