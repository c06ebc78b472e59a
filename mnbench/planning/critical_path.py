"""The critical path: what to start first so that no core waits at the end of a study.

A job that others wait for, directly or through their children, must not wait itself. So jobs are
started by the longest chain of work that begins with them (Graham 1969 calls it list scheduling).

Open this module to change the order in which trainings start. The trap: work is predicted in
floating-point operations, and a device's rate differs between networks. The order needs only what
is long and what is short.
"""

from mnbench.planning.forecast import predicted_training_flops
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId


def critical_paths(plan: Plan) -> dict[TrainingId, int]:
    """Return the predicted FLOPs of each training and of its longest chain of descendants."""
    longest = dict.fromkeys(plan.trainings, 0)  # of the descendants' chains
    paths: dict[TrainingId, int] = {}
    for id, training in reversed(plan.trainings.items()):  # children before parents
        paths[id] = predicted_training_flops(training, plan) + longest[id]
        for parent in training.parents:
            longest[parent] = max(longest[parent], paths[id])
    return paths
