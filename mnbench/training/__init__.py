"""How a network is trained: data on the device, the loop, schedules, convergence, cost.

The modules here that planning needs (:mod:`~mnbench.planning.recipe`) know no torch; none of them
can reach the test images.
"""
