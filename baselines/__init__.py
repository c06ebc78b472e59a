"""The approaches: one module each says which networks it trains, from what, and how.

A module has three parts:

``Options``
    what a configuration may say of the approach;
``lineage(setting, options)``
    which trainings there are, from which parents, and which make up the ensemble of size m;
``train(job)``
    one training. Run as a program, ``python -m baselines.<approach> PLAN ID`` trains one.

The first two know no torch, since Snakemake asks them while it plans.
"""
