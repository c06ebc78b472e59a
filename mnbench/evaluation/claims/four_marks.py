"""The four marks of the authors' page, given by stated rules from what was measured.

Open this module to look up when an approach trains fast, is accurate, takes diverse architectures
or grows large. Each mark is *yes*, *partly* or *no*; Full Data is the yardstick. The trap: all four
belong to one point. Of several (MotherNets at every g) the one with the most marks counts, the
faster one of equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean

import numpy as np

from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.points import Point, PointId

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
    f"(partly: {LARGE[1]:g}), and the full size errs no more than a smaller one",
}


@dataclass(frozen=True)
class Marks:
    """One approach's marks.

    Attributes:
        point: whose they are.
        grades: by mark: yes, partly, no, or None where the study cannot tell.
    """

    point: PointId
    grades: Mapping[str, str | None]


def marks(evidence: Evidence) -> list[Marks]:
    """Return the marks of every approach of the page that the study has; [] without Full Data."""
    yardstick = evidence.fastest(YARDSTICK)
    if yardstick is None:
        return []
    rows = []
    for approach in APPROACHES:
        candidates = [
            _marks(evidence, point, yardstick)
            for point in evidence.full(approach)
            if approach != "mothernets" or point.id.g != point.id.size
        ]
        if candidates:
            # max takes the first of equals, and g ascends.
            rows.append(max(candidates, key=lambda row: list(row.grades.values()).count("yes")))
    return rows


def _marks(evidence: Evidence, point: Point, yardstick: Point) -> Marks:
    cost = point.cost(evidence.cost) / yardstick.cost(evidence.cost)
    error = point.value("test_error") - yardstick.value("test_error")
    return Marks(
        point.id,
        {
            "fast training": _grade(cost, FAST),
            "high accuracy": _grade(error, ACCURATE),
            "diverse architectures": _diversity(evidence, point, yardstick),
            "large size": _size(evidence, point, yardstick),
        },
    )


def _grade(value: float, limits: tuple[float, float]) -> str | None:
    if np.isnan(value):
        return None
    return "yes" if value <= limits[0] else "partly" if value <= limits[1] else "no"


def _diversity(evidence: Evidence, point: Point, yardstick: Point) -> str:
    if _architectures(point, evidence) < _architectures(yardstick, evidence):
        return "no"
    approach = point.id.approach
    cannot = any(out.approach == approach for out in evidence.plan.left_out)
    return "partly" if cannot else "yes"


def _architectures(point: Point, evidence: Evidence) -> int:
    members = {member for run in point.runs for member in run.ensemble.members}
    trainings = (evidence.plan.trainings[member] for member in members)
    return len({network.id for training in trainings for network in training.networks})


def _size(evidence: Evidence, point: Point, yardstick: Point) -> str | None:
    sizes = evidence.sized(point)
    if len(sizes) < 2:
        return None
    smallest, largest = sizes[0], sizes[-1]
    added = largest.id.size - smallest.id.size
    a_network = yardstick.cost(evidence.cost) / yardstick.id.size
    marginal = (largest.cost(evidence.cost) - smallest.cost(evidence.cost)) / added
    upper_half = [p for p in sizes if 2 * p.id.size >= largest.id.size]
    if largest.value("test_error") > mean([p.value("test_error") for p in upper_half]):
        return "no"
    return _grade(marginal / a_network, LARGE)
