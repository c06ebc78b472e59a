"""The wall time of a plan on several devices.

Open it to change in which order trainings are thought to start. The trap: more devices do not
shorten the longest chain, a MotherNet and its member, a teacher and its student, a run of
snapshots.
"""

import heapq
from collections.abc import Mapping

from mnbench.planning.critical_path import critical_paths
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId


def wall_seconds(plan: Plan, seconds: Mapping[TrainingId, float], devices: int) -> float:
    """Return how long a plan takes if a free device starts the ready training with most behind it.

    So does a run: the longest chain of work goes first (:mod:`mnbench.planning.critical_path`). Any
    order without idle devices takes less than twice as long as the best (Graham 1966).

    Args:
        plan: the study's plan, parents before children.
        seconds: what each training takes.
        devices: how many train side by side.
    """
    paths = critical_paths(plan, seconds)
    rank = {id: (-paths[id], number) for number, id in enumerate(plan.trainings)}
    children: dict[TrainingId, list[TrainingId]] = {id: [] for id in plan.trainings}
    missing = {id: len(set(training.parents)) for id, training in plan.trainings.items()}
    for id, training in plan.trainings.items():
        for parent in set(training.parents):
            children[parent].append(id)
    ready = [(rank[id], id) for id, parents in missing.items() if not parents]
    heapq.heapify(ready)
    running: list[tuple[float, tuple[float, int], TrainingId]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < devices:
            order, id = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[id], order, id))
        now, _, done = heapq.heappop(running)
        for child in children[done]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, (rank[child], child))
    return now
