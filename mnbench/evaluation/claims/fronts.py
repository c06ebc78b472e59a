"""What an approach adds to the Pareto front of all the others.

Open this module to see how "a new Pareto frontier" is measured. Only points of *other* approaches
count against a point, and the best of an approach's own points counts for it; so a further point of
its own never makes it worse. A cost that the configuration sets puts no point on the front by
itself: one that costs less than all others has to err no more than one of them. The trap: the best
of several noisy points is too good by chance, and so claims ask for a share of 0.99 rather than
0.975.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import moocore
import numpy as np

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, TIE
from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested
from mnbench.evaluation.claims.four_marks import APPROACHES
from mnbench.evaluation.curves import ROUNDING, error_bounds, interval_of_bounds
from mnbench.evaluation.points import (
    Point,
    budget_curves,
    mean_curve,
    on_shared_seeds,
    replicate_curves,
)
from mnbench.naming import approach_title

CORNER = 1.1  # the area's corner: so many times the others' largest cost and member's error
Bounds = tuple[np.ndarray, np.ndarray]  # the least and the most of something, in each replicate
# Of a point and its rivals: whether something surely holds, whether it may, and on how many seeds.
Holds = Callable[[Point, Sequence[Point]], tuple[np.ndarray, np.ndarray, int]]


def undominated_share(evidence: Evidence, approach: str, page: bool) -> Measurement | Untested:
    """Return the share of replicates in which a point of the approach is on the front.

    It is where no point of another approach costs no more and errs no more. The share is of the
    approach's best point in this respect; its ends are a bound where a point may be on the front by
    a cost alone that the configuration sets.
    """

    def on_front(point: Point, others: Sequence[Point]) -> tuple[np.ndarray, np.ndarray, int]:
        undominated = np.ones(point.bootstrap.replicates, dtype=bool)
        for one, rival in _pairs(evidence, point, others):
            undominated &= ~_dominates(rival, one, evidence.cost)
        surely = undominated
        if _is_cheaper_by_recipe(evidence, point, others) and not _is_ahead_by_cost_alone(
            evidence, point, others
        ):
            surely = undominated & _errs_no_more_than_one(evidence, point, others)
        return surely, undominated, _common_seeds(evidence, point, others)

    return _best_share(evidence, approach, page, on_front)


def ahead_share(evidence: Evidence, approach: str) -> Measurement | Untested:
    """Return the share of replicates in which a point errs less than every other's budget curve.

    The share is of the approach's best point in this respect; its ends are a bound where a curve
    does not reach the point's cost. Between two points of a curve lies what the other approach
    would reach with a budget between: a point among them is ahead of nothing.
    """

    def ahead(point: Point, others: Sequence[Point]) -> tuple[np.ndarray, np.ndarray, int]:
        (least, most), seeds = _gains(point, others, evidence.cost)
        return least > 0, most > 0, seeds

    return _best_share(evidence, approach, False, ahead)


def gain_on_every_curve(evidence: Evidence, approach: str) -> Measurement | Untested:
    """Return by how much the point of :func:`ahead_share` errs less than every other's curve.

    That is the least error of any other approach at its cost, less its own.
    """
    share = ahead_share(evidence, approach)
    if isinstance(share, Untested):
        return share
    by_id = {point.id: point for point in evidence.offers(page=False)}
    best, *others = [by_id[id] for id in share.points]
    (least, most), seeds = _gains(best, others, evidence.cost)
    median = float(np.median(least)) if np.isfinite(least).mean() > 0.5 else float("nan")
    found = Measurement.of(median, interval_of_bounds(least, most), [best, *others])
    return replace(found, seeds=seeds)


def exclusive_area(evidence: Evidence, approach: str, page: bool) -> Measurement | Untested:
    """Return the area that the approach adds to the front of all others: exclusive hypervolume.

    It is a fraction of the rectangle up to :data:`CORNER` times the others' largest cost and
    largest mean error of members: an ensemble that errs more is worth less than one network.
    """
    split = _split(evidence, approach, page)
    if isinstance(split, Untested):
        return split
    own, others = split
    compared = on_shared_seeds([*own, *others], evidence.cost)
    if not compared:
        return Untested("no common seeds of all approaches")
    own, others = compared[: len(own)], compared[len(own) :]
    worst = [(p.cost(evidence.cost), p.value("mean_member_error")) for p in others]
    corner = CORNER * np.max(worst, axis=0)
    if not (corner > 0).all():
        return Untested("the others' costs or errors are zero")
    means = mean_curve([*own, *others], evidence.cost)
    curves = replicate_curves([*own, *others], evidence.cost)
    areas = np.array([_added(curve, len(own), corner) for curve in curves])
    return Measurement.of(_added(means, len(own), corner), areas, [*own, *others])


def _split(
    evidence: Evidence, approach: str, page: bool
) -> tuple[list[Point], list[Point]] | Untested:
    """Return the approach's points that have seeds enough, and all others'.

    A smaller ensemble costs less by its size alone, so that the page's approaches must have one.

    Args:
        evidence: of the study.
        approach: its name.
        page: only the page's approaches, each at its plain budget; else every budget, and one
            network alone and every other approach as well.
    """
    offered = [p for p in evidence.offers(page=page) if not page or p.id.approach in APPROACHES]
    own = [point for point in offered if point.id.approach == approach]
    others = [point for point in offered if point.id.approach != approach]
    if not own:
        return Untested(f"no {approach_title(approach)} at a g below the ensemble's size")
    if not others:
        return Untested("no other approach")
    sizes = {point.id.size for point in own}
    for other in others:  # controls are one network each, and have no size to share
        if other.id.approach in APPROACHES and sizes != {other.id.size}:
            names = " and ".join(map(approach_title, (approach, other.id.approach)))
            return Untested(f"{names} have no common size")
    for other in others:
        if not other.timed(evidence.cost):
            return Untested(f"no time of {approach_title(other.id.approach)} is a measurement")
    for other in others:
        if not any(on_shared_seeds([point, other], evidence.cost) for point in own):
            return Untested(f"no common seeds with {approach_title(other.id.approach)}")
    # One that is not finished counts for nothing; if none is, the seeds say that nothing is tested.
    seeds = {point: _common_seeds(evidence, point, others) for point in own}
    enough = min(MINIMUM_SEEDS, max(seeds.values()))
    own = [point for point in own if seeds[point] >= enough]
    return own, others


def _pairs(
    evidence: Evidence, point: Point, others: Sequence[Point]
) -> Iterator[tuple[Point, Point]]:
    """Yield the point with each other one, on the seeds that the two have; none without any."""
    for other in others:
        if pair := on_shared_seeds([point, other], evidence.cost):
            yield pair[0], pair[1]


def _common_seeds(evidence: Evidence, point: Point, others: Sequence[Point]) -> int:
    """Return the fewest seeds that a point shares with any other one."""
    shared = [len(one.runs) for one, _ in _pairs(evidence, point, others)]
    return min(shared) if len(shared) == len(others) else 0


def _best_share(
    evidence: Evidence, approach: str, page: bool, holds: Holds
) -> Measurement | Untested:
    """Return the share of replicates in which something holds of the approach's best point."""
    split = _split(evidence, approach, page)
    if isinstance(split, Untested):
        return split
    own, others = split
    # A point that only its cost puts ahead counts if there is no other one: then nothing is tested.
    earning = [point for point in own if not _is_ahead_by_cost_alone(evidence, point, others)]
    surely, maybe, seeds = {}, {}, {}
    for point in earning or own:
        *bounds, seeds[point] = holds(point, others)
        surely[point], maybe[point] = (float(share.mean()) for share in bounds)
    best = max(surely, key=lambda point: (surely[point], maybe[point]))
    low, high = surely[best], max(maybe.values())
    found = Measurement.of(
        low, (low, high), [best, *others], possible=None if earning else (low, low)
    )
    return replace(found, seeds=seeds[best])


def _is_ahead_by_cost_alone(evidence: Evidence, point: Point, others: Sequence[Point]) -> bool:
    """Return whether a point costs less than all others by the recipe, and errs more on average."""
    return _is_cheaper_by_recipe(evidence, point, others) and all(
        one.value("test_error") > rival.value("test_error")
        for one, rival in _pairs(evidence, point, others)
    )


def _errs_no_more_than_one(evidence: Evidence, point: Point, others: Sequence[Point]) -> np.ndarray:
    """Return in which replicates a point errs no more than one of the others at least."""
    no_more = np.zeros(point.bootstrap.replicates, dtype=bool)
    for one, rival in _pairs(evidence, point, others):
        no_more |= one.error - rival.error <= TIE
    return no_more


def _is_cheaper_by_recipe(evidence: Evidence, point: Point, others: Sequence[Point]) -> bool:
    """Return whether a point costs less than all others whenever their trainings end.

    What trains to convergence may be the cheapest as well, but that was measured.
    """
    possible = evidence.possible_costs(point, evidence.cost)
    if possible is None:
        return False
    least = [
        (evidence.possible_costs(other, evidence.cost) or (other.cost(evidence.cost),))[0]
        for other in others
    ]
    return possible[1] < min(least)


def _dominates(one: Point, other: Point, cost: str) -> np.ndarray:
    """Return in which replicates one point costs no more and errs no more, and is not equal."""
    costs = one.cost_replicates(cost) / other.cost_replicates(cost) - 1
    errors = one.error - other.error
    no_worse = (costs <= ROUNDING) & (errors <= TIE)
    return no_worse & ((costs < -ROUNDING) | (errors < -TIE))


def _gains(point: Point, others: Sequence[Point], cost: str) -> tuple[Bounds, int]:
    """Return by how much every other approach errs more at the point's cost, and on how many seeds.

    All of an approach's curve is compared on the seeds that all of its points have.
    """
    sides, seeds = [], []
    for _, curve in budget_curves(others):
        shared = on_shared_seeds([point, *curve], cost)
        if not shared:  # nothing is known of that approach on these seeds
            unknown = np.full(point.bootstrap.replicates, np.inf)
            sides.append((-unknown, unknown))
            seeds.append(0)
            continue
        own, *rivals = shared
        bounds = error_bounds(own.cost_replicates(cost), replicate_curves(rivals, cost))
        sides.append((bounds[0] - own.error, bounds[1] - own.error))
        seeds.append(len(own.runs))
    least, most = (np.min(side, axis=0) for side in zip(*sides, strict=True))
    return (least, most), min(seeds)


def _added(points: np.ndarray, own: int, corner: np.ndarray) -> float:
    """Return the area of all points less that of the others, which come after *own* of them."""
    known = np.isfinite(points).all(axis=1)
    both, others = points[known], points[own:][known[own:]]
    area = moocore.hypervolume(both, ref=corner) - moocore.hypervolume(others, ref=corner)
    return float(area / corner.prod())
