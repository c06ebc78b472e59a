"""The critical path: what to start first so that no core waits at the end of a study.

A job that others wait for, directly or through their children, must not wait itself. So jobs are
started by the longest chain of work that begins with them (Graham 1969 calls it list scheduling).

Open this module to change the order in which trainings start. The trap: work is predicted in
floating-point operations, and a device's rate differs between networks. The order needs only what
is long and what is short.
"""

from collections.abc import Mapping

from mnbench.planning.forecast import predicted_training_flops
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId


def critical_paths(
    plan: Plan, work: Mapping[TrainingId, float] | None = None
) -> dict[TrainingId, float]:
    """Return the work of each training and of its longest chain of descendants.

    Args:
        plan: the study's plan, parents before children.
        work: of each training by itself, in any unit; predicted FLOPs unless given.
    """
    longest = dict.fromkeys(plan.trainings, 0.0)  # of the descendants' chains
    paths: dict[TrainingId, float] = {}
    for id, training in reversed(plan.trainings.items()):  # children before parents
        own = predicted_training_flops(training, plan) if work is None else work[id]
        paths[id] = own + longest[id]
        for parent in training.parents:
            longest[parent] = max(longest[parent], paths[id])
    return paths


def longest_chain(plan: Plan, paths: Mapping[TrainingId, float]) -> tuple[TrainingId, ...]:
    """Return the longest chain of trainings of which each starts from the one before.

    Args:
        plan: the study's plan.
        paths: of its trainings (:func:`critical_paths`).
    """
    after: dict[TrainingId, TrainingId] = {}  # the child with the longest path
    for id, training in plan.trainings.items():
        for parent in training.parents:
            if parent not in after or paths[id] > paths[after[parent]]:
                after[parent] = id
    chain = [max(paths, key=paths.__getitem__)] if paths else []
    while chain and chain[-1] in after:
        chain.append(after[chain[-1]])
    return tuple(chain)
