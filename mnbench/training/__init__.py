"""From a plan and an id to a record: how a network is trained.

In come a :class:`~mnbench.planning.plan.Training`, the training images and the records of its
parents; out goes the training's record (:mod:`~mnbench.training.run`). Open ``job`` for what an
approach is given, ``loop`` for the epochs and what they are billed. The trap: no training code may
reach the test images, and a test follows its imports.
"""
