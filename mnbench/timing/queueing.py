"""The wall time of a plan on several devices, and the longest chain of trainings in it.

Open it to change in which order trainings are thought to start. The trap: more devices do not
shorten the longest chain, a MotherNet and its member, a teacher and its student, a run of
snapshots.
"""

import heapq
from collections.abc import Iterable, Mapping

from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId


def critical_path(
    plan: Plan, ids: Iterable[TrainingId], seconds: Mapping[TrainingId, float]
) -> tuple[float, tuple[TrainingId, ...]]:
    """Return the longest chain of trainings of which each starts from the one before.

    Args:
        plan: the study's plan.
        ids: trainings, with all their ancestors, ancestors first.
        seconds: what each takes.

    Returns:
        Its seconds and its trainings, in order.
    """
    ends: dict[TrainingId, float] = {}
    before: dict[TrainingId, TrainingId | None] = {}
    for id in ids:
        parents = plan.trainings[id].parents
        latest = max(parents, key=ends.__getitem__, default=None)
        before[id] = latest
        ends[id] = seconds[id] + (ends[latest] if latest else 0.0)
    last = max(ends, key=ends.__getitem__, default=None)
    length, chain = ends[last] if last else 0.0, []
    while last is not None:
        chain.append(last)
        last = before[last]
    return length, tuple(reversed(chain))


def wall_seconds(plan: Plan, seconds: Mapping[TrainingId, float], devices: int) -> float:
    """Return how long a plan takes if a free device starts the first training that is ready.

    Trainings start in the plan's order, each as soon as its parents are done. Snakemake promises no
    order among those that are ready; any order without idle devices takes less than twice as long
    as the best (Graham 1966).

    Args:
        plan: the study's plan, parents before children.
        seconds: what each training takes.
        devices: how many train side by side.
    """
    position = {id: number for number, id in enumerate(plan.trainings)}
    children: dict[TrainingId, list[TrainingId]] = {id: [] for id in plan.trainings}
    missing = {id: len(set(training.parents)) for id, training in plan.trainings.items()}
    for id, training in plan.trainings.items():
        for parent in set(training.parents):
            children[parent].append(id)
    ready = [(position[id], id) for id, parents in missing.items() if not parents]
    heapq.heapify(ready)
    running: list[tuple[float, int, TrainingId]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < devices:
            number, id = heapq.heappop(ready)
            heapq.heappush(running, (now + seconds[id], number, id))
        now, _, done = heapq.heappop(running)
        for child in children[done]:
            missing[child] -= 1
            if not missing[child]:
                heapq.heappush(ready, (position[child], child))
    return now
