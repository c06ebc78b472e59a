"""From a plan and an id to a record: how a network is trained.

In come a :class:`~mnbench.planning.plan.Training`, the training images and the records of its
parents; out goes the training's record (:mod:`~mnbench.training.job`). No training code can reach
the test images.
"""
