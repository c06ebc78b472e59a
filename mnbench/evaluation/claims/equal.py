"""Quantities at equal error and at equal cost, read off budget curves.

Open this module to compare approaches with a curve of what they would cost or err between their
points. The trap: where a curve does not reach, in a replicate, its ends are bounds, and nothing is
extrapolated.
"""

from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested, too_few
from mnbench.evaluation.curves import (
    cost_at,
    cost_bounds,
    error_at,
    error_bounds,
    interval_of_bounds,
)
from mnbench.evaluation.points import Point, mean_curve, on_shared_seeds, replicate_curves
from mnbench.naming import approach_title


def speed_up(
    evidence: Evidence, of: str, against: str, networks: int = 0
) -> Measurement | Untested:
    """Return the cost of *against* at the error of *of*, as a multiple of the cost of *of*.

    It is read off the budget curve of *against*. Where that does not reach, in a replicate, its
    ends are bounds.
    """
    compared = _on_curve(evidence, of, against, networks)
    if isinstance(compared, Untested):
        return compared
    point, curve = compared
    cost = point.cost_replicates(evidence.cost)
    bounds = cost_bounds(point.error, replicate_curves(curve, evidence.cost))
    value = cost_at(point.value("test_error"), mean_curve(curve, evidence.cost))
    least, most = (bound / cost for bound in bounds)
    return Measurement.of(
        float(value) / point.cost(evidence.cost), interval_of_bounds(least, most), [point, *curve]
    )


def error_gain(
    evidence: Evidence, of: str, against: str, networks: int = 0
) -> Measurement | Untested:
    """Return the error of *against* at the cost of *of*, less the error of *of*."""
    return _error_at_share(_on_curve(evidence, of, against, networks), 1, evidence.cost)


def error_at_cost_share(
    evidence: Evidence, of: str, to: str, share: float
) -> Measurement | Untested:
    """Return the error of *of* at *share* of the cost of *to*, less the error of *to*."""
    return _error_at_share(_on_curve(evidence, to, of, 0), share, evidence.cost)


def _error_at_share(
    compared: tuple[Point, list[Point]] | Untested, share: float, cost: str
) -> Measurement | Untested:
    """Return the error of a curve at a share of a point's cost, less the point's own error."""
    if isinstance(compared, Untested):
        return compared
    point, curve = compared
    bounds = error_bounds(share * point.cost_replicates(cost), replicate_curves(curve, cost))
    least, most = (bound - point.error for bound in bounds)
    value = float(error_at(share * point.cost(cost), mean_curve(curve, cost)))
    return Measurement.of(
        value - point.value("test_error"), interval_of_bounds(least, most), [point, *curve]
    )


def _on_curve(
    evidence: Evidence, of: str, against: str, networks: int
) -> tuple[Point, list[Point]] | Untested:
    """Return the fastest point of *of*, and all budgets of *against*, on common seeds."""
    point = evidence.fastest(of, networks)
    if point is None:
        return too_few(of, networks)
    curve = evidence.curve(against, point.id.size)
    if not curve:
        return Untested(f"no {approach_title(against)} of {point.id.size} networks")
    shared = on_shared_seeds([point, *curve], evidence.cost)
    if not shared:
        return Untested(f"no common seeds of {approach_title(of)} and {approach_title(against)}")
    if not shared[0].cost(evidence.cost) > 0:
        return Untested("a cost is zero")
    return shared[0], shared[1:]
