"""What an approach adds to the Pareto front of all the others.

Open this module to see how "a new Pareto frontier" is measured. Only points of *other* approaches
count against an approach, so that a further point of its own never makes it worse. The trap:
MotherNets at g = size are Full Data's own networks, and count for neither.
"""

from collections.abc import Sequence

import moocore
import numpy as np

from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested
from mnbench.evaluation.claims.four_marks import APPROACHES
from mnbench.evaluation.curves import error_bounds, interval_of_bounds
from mnbench.evaluation.points import (
    Point,
    budget_curves,
    mean_curve,
    on_common_seeds,
    replicate_curves,
)
from mnbench.naming import approach_title

CORNER = 1.1  # the area's corner: so many times the others' largest cost and member's error


def undominated_share(evidence: Evidence, approach: str, page: bool) -> Measurement | Untested:
    """Return the share of replicates in which a point of the approach is on the front.

    It is on the front where no point of another approach costs no more and errs no more. The share
    is of the approach's best point in this respect.
    """
    split = _split(evidence, approach, page)
    if isinstance(split, Untested):
        return split
    own, others = split
    curves = replicate_curves([*own, *others], evidence.cost)
    mine, theirs = curves[:, : len(own), None], curves[:, None, len(own) :]
    dominated = ((theirs <= mine).all(axis=-1) & (theirs < mine).any(axis=-1)).any(axis=-1)
    shares = (~dominated).mean(axis=0)
    best = int(shares.argmax())
    share = float(shares[best])
    return Measurement.of(share, (share, share), [own[best], *others])


def exclusive_area(evidence: Evidence, approach: str, page: bool) -> Measurement | Untested:
    """Return the area that the approach adds to the front of all others: exclusive hypervolume.

    It is a fraction of the rectangle up to :data:`CORNER` times the others' largest cost and
    largest mean error of members: an ensemble that errs more is worth less than one network.
    """
    split = _split(evidence, approach, page)
    if isinstance(split, Untested):
        return split
    own, others = split
    worst = [(p.cost(evidence.cost), p.value("mean_member_error")) for p in others]
    corner = CORNER * np.max(worst, axis=0)
    means = mean_curve([*own, *others], evidence.cost)
    curves = replicate_curves([*own, *others], evidence.cost)
    areas = np.array([_added(curve, len(own), corner) for curve in curves])
    return Measurement.of(_added(means, len(own), corner), areas, [*own, *others])


def gain_on_every_curve(evidence: Evidence, approach: str) -> Measurement | Untested:
    """Return by how much the approach errs less than every other's budget curve at its cost.

    It is of the approach's best point in this respect: the least error of any other at that cost,
    read off the other's curve, less the point's own. Between two points of a curve lies what the
    other would reach with a budget between; a point among them is ahead of nothing.
    """
    split = _split(evidence, approach, page=False)
    if isinstance(split, Untested):
        return split
    own, others = split
    curves = [of_approach for _, of_approach in budget_curves(others)]

    def gains(point: Point) -> tuple[np.ndarray, np.ndarray]:
        cost = point.cost_replicates(evidence.cost)
        bounds = [error_bounds(cost, replicate_curves(c, evidence.cost)) for c in curves]
        least, most = (np.min(side, axis=0) for side in zip(*bounds, strict=True))
        return least - point.error, most - point.error

    def value(point: Point) -> float:
        cost = point.cost(evidence.cost)
        errors = [error_bounds(cost, mean_curve(c, evidence.cost)) for c in curves]
        least, most = (min(map(float, side)) for side in zip(*errors, strict=True))
        return (least if least == most else float("nan")) - point.value("test_error")

    best = max(own, key=lambda point: float(np.median(gains(point)[0])))
    return Measurement.of(value(best), interval_of_bounds(*gains(best)), [best, *others])


def _split(
    evidence: Evidence, approach: str, page: bool
) -> tuple[list[Point], list[Point]] | Untested:
    """Return the approach's points and all others', on common seeds.

    Args:
        evidence: of the study.
        approach: its name.
        page: only the page's approaches, each at its plain budget; else every budget, and one
            network alone and every other approach as well.
    """
    offered = [p for p in evidence.offers(page=page) if not page or p.id.approach in APPROACHES]
    common = on_common_seeds(offered, evidence.cost)
    own: Sequence[Point] = [point for point in common if point.id.approach == approach]
    others = [point for point in common if point.id.approach != approach]
    if not own:
        return Untested(f"no {approach_title(approach)} at a g below the ensemble's size")
    if not others:
        return Untested("no other approach")
    return list(own), others


def _added(points: np.ndarray, own: int, corner: np.ndarray) -> float:
    """Return the area of all points less that of the others, which come after *own* of them."""
    known = np.isfinite(points).all(axis=1)
    both, others = points[known], points[own:][known[own:]]
    area = moocore.hypervolume(both, ref=corner) - moocore.hypervolume(others, ref=corner)
    return float(area / corner.prod())
