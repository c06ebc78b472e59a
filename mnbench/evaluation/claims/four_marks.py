"""The four marks of the authors' page, given by stated rules from what was measured.

Open this module to look up when an approach trains fast, is accurate, takes diverse architectures
or grows large. Each mark is *yes*, *partly*, *no*, or *undecided* where the interval holds a limit;
Full Data is the yardstick. The trap: all four belong to one point. Of several (every g, and against
budget curves every budget) the one with the most marks counts, the first of equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.points import Point, PointId, on_shared_seeds

APPROACHES = (
    "full_data",
    "bagging",
    "knowledge_distillation",
    "treenets",
    "snapshot_ensembles",
    "mothernets",
)
YARDSTICK = "full_data"
# yes up to the first, partly up to the second
FAST = (0.6, 0.85)  # cost, as a fraction of Full Data's
ACCURATE = (0.005, 0.01)  # error above Full Data's, fraction
LARGE = (0.6, 0.85)  # cost of one more network, as a fraction of Full Data's mean network's
MARKS: Mapping[str, str] = {  # by name, when it is given
    "fast training": f"costs at most {FAST[0]:g} of Full Data (partly: {FAST[1]:g})",
    "high accuracy": f"errs at most {100 * ACCURATE[0]:g} points more than Full Data "
    f"(partly: {100 * ACCURATE[1]:g})",
    "diverse architectures": "its networks are as many different ones as Full Data's (partly: it "
    "cannot take some architecture set of the study)",
    "large size": f"one more network costs at most {LARGE[0]:g} of Full Data's mean network "
    f"(partly: {LARGE[1]:g}), and the full size errs no more than the mean of "
    "the sizes from half of it on",
}
UNDECIDED_GRADE = "undecided"  # the interval holds a limit
SET_GRADE = "set by the configuration"  # a cost that a fixed number of epochs decides


@dataclass(frozen=True)
class Marks:
    """The marks of one point.

    Attributes:
        point: whose they are.
        grades: by mark: yes, partly, no, undecided, set by the configuration, or None where the
            study cannot tell.
        seeds: the fewest that any of them rests on.
    """

    point: PointId
    grades: Mapping[str, str | None]
    seeds: int

    @property
    def complete(self) -> bool:
        """Whether it surely has all four."""
        return set(self.grades.values()) == {"yes"}

    @property
    def incomplete(self) -> bool:
        """Whether it surely lacks one."""
        return bool({"no", "partly"} & set(self.grades.values()))


def marks(evidence: Evidence, *, page: bool) -> list[Marks]:
    """Return the marks of every full-size point of the page's approaches; [] without Full Data.

    Args:
        evidence: of the study.
        page: at the plain budget only, as the page compares; else at every budget.
    """
    yardstick = evidence.fastest(YARDSTICK)
    if yardstick is None:
        return []
    offered = sorted(evidence.offers(page=page), key=lambda p: (p.id.g or 0, -p.id.budget))
    return [
        _marks(evidence, point, yardstick, page)
        for approach in APPROACHES
        for point in offered
        if point.id.approach == approach
    ]


def best_marks(rows: list[Marks]) -> list[Marks]:
    """Return of every approach the point with the most marks."""
    best: dict[str, Marks] = {}
    for row in rows:
        former = best.setdefault(row.point.approach, row)
        if _number(row) > _number(former):
            best[row.point.approach] = row
    return list(best.values())


def _number(row: Marks) -> int:
    return list(row.grades.values()).count("yes")


def _marks(evidence: Evidence, point: Point, yardstick: Point, page: bool) -> Marks:
    fast = accurate = None
    seeds = len(point.runs)
    of_one_size = point.id.size == yardstick.id.size  # a smaller ensemble costs less by its size
    if of_one_size and (pair := on_shared_seeds([point, yardstick], evidence.cost)):
        seeds = len(pair[0].runs)
        own, full = (one.cost_replicates(evidence.cost) for one in pair)
        fast = _grade(interval(own / full), FAST)
        accurate = _grade(interval(pair[0].error - pair[1].error), ACCURATE)
    fixed = [evidence.possible_costs(one, evidence.cost) for one in (point, yardstick)]
    if page and all(bounds and bounds[0] == bounds[1] for bounds in fixed):
        fast = SET_GRADE
    sizes = on_shared_seeds([yardstick, *evidence.sized(point)], evidence.cost)
    grades = {
        "fast training": fast,
        "high accuracy": accurate,
        "diverse architectures": _diversity(evidence, point, yardstick),
        "large size": _size(evidence, *sizes) if len(sizes) > 2 else None,
    }
    return Marks(point.id, grades, min([seeds, *(len(one.runs) for one in sizes)]))


def _grade(bounds: tuple[float, float], limits: tuple[float, float]) -> str | None:
    low, high = bounds
    if np.isnan(low) or np.isnan(high):
        return None
    if low > limits[1]:
        return "no"
    if high <= limits[0]:
        return "yes"
    return "partly" if low > limits[0] and high <= limits[1] else UNDECIDED_GRADE


def _diversity(evidence: Evidence, point: Point, yardstick: Point) -> str:
    if _architectures(point, evidence) < _architectures(yardstick, evidence):
        return "no"
    approach = point.id.approach
    cannot = any((out.approach, out.variant) == (approach, "") for out in evidence.plan.left_out)
    return "partly" if cannot else "yes"


def _architectures(point: Point, evidence: Evidence) -> int:
    members = {member for run in point.runs for member in run.ensemble.members}
    trainings = (evidence.plan.trainings[member] for member in members)
    return len({network.id for training in trainings for network in training.networks})


def _size(evidence: Evidence, full: Point, *sizes: Point) -> str | None:
    """Return how large an approach can grow, by its points of every size, the smallest first."""
    smallest, largest = sizes[0], sizes[-1]
    costs = [one.cost_replicates(evidence.cost) for one in (smallest, largest)]
    marginal = (costs[1] - costs[0]) / (largest.id.size - smallest.id.size)
    run = evidence.lineage(largest)
    if evidence.lineage(smallest) == run:
        # One run of snapshots, of which a smaller ensemble takes fewer: each costs a cycle. The run
        # may have more cycles than networks.
        marginal = costs[1] / (len(run) / len(largest.runs))
    a_network = full.cost_replicates(evidence.cost) / full.id.size
    upper_half = [p.error for p in sizes if 2 * p.id.size >= largest.id.size]
    low, high = interval(largest.error - np.mean(upper_half, axis=0))
    cheap = _grade(interval(marginal / a_network), LARGE)
    if low > 0:
        return "no"
    return cheap if high <= 0 or cheap == "no" else UNDECIDED_GRADE
