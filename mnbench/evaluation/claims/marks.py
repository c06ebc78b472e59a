"""The four marks of the authors' page, given by stated rules from what was measured.

Fast training, high accuracy, diverse architectures, large size: *yes*, *partly* or *no* each. Full
Data is the yardstick. All four are of one and the same configuration: of an approach with several
(MotherNets at every g) the one with the best marks counts, the faster one of equals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean

import numpy as np

from mnbench.evaluation.claims.evidence import Evidence, records_of
from mnbench.evaluation.points import Point

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
RULES: Mapping[str, str] = {
    "fast training": f"costs at most {FAST[0]:g} of Full Data (partly: {FAST[1]:g})",
    "high accuracy": f"errs at most {100 * ACCURATE[0]:g} points more than Full Data "
    f"(partly: {100 * ACCURATE[1]:g})",
    "diverse architectures": "its networks are as many different ones as Full Data's (partly: it "
    "cannot take some ensemble of the study)",
    "large size": f"one more network costs at most {LARGE[0]:g} of Full Data's mean network "
    f"(partly: {LARGE[1]:g}), and the full size errs no more than a smaller one",
}


@dataclass(frozen=True)
class Marks:
    """One approach's marks: yes, partly, no, or None where the study cannot tell."""

    approach: str
    configuration: str
    of: Mapping[str, str | None]


def marks(evidence: Evidence) -> list[Marks]:
    """Mark every approach of the page that the study has; none without Full Data."""
    yardstick = evidence.fastest(YARDSTICK)
    if yardstick is None:
        return []
    found = []
    for approach in APPROACHES:
        options = [
            point
            for point in evidence.full(approach)
            if approach != "mothernets" or point.key.g != point.key.size
        ]
        every = [_marks(evidence, point, yardstick) for point in options]
        if every:
            # max takes the first of equals, and g ascends.
            found.append(max(every, key=lambda one: list(one.of.values()).count("yes")))
    return found


def _marks(evidence: Evidence, point: Point, yardstick: Point) -> Marks:
    cost = point.cost(evidence.cost) / yardstick.cost(evidence.cost)
    error = point.value("test_error") - yardstick.value("test_error")
    return Marks(
        point.key.approach,
        str(point.key),
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
    if _architectures(evidence, point) < _architectures(evidence, yardstick):
        return "no"
    cannot = any(out.approach == point.key.approach for out in evidence.plan.left_out)
    return "partly" if cannot else "yes"


def _architectures(evidence: Evidence, point: Point) -> int:
    trainings = (evidence.plan.trainings[id] for id in records_of([point]))
    return len({network.id for training in trainings for network in training.networks})


def _size(evidence: Evidence, point: Point, yardstick: Point) -> str | None:
    sizes = evidence.sized(point)
    if len(sizes) < 2:
        return None
    smaller, largest = sizes[0], sizes[-1]
    added = largest.key.size - smaller.key.size
    a_network = yardstick.cost(evidence.cost) / yardstick.key.size
    marginal = (largest.cost(evidence.cost) - smaller.cost(evidence.cost)) / added
    best = mean([p.value("test_error") for p in sizes if 2 * p.key.size >= largest.key.size])
    if largest.value("test_error") > best:
        return "no"
    return _grade(marginal / a_network, LARGE)
