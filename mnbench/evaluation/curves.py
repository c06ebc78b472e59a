"""Budget curves: what an approach costs at an error, and errs at a cost.

Open this module to see how a speed-up is read off. A curve is the minimum error at no more than a
cost, its points joined linearly in the logarithm of cost. The trap: nothing is extrapolated; where
a curve does not reach, the value is NaN.
"""

import numpy as np
from numpy.typing import ArrayLike

from mnbench.evaluation.bootstrap import LEVEL, interval

MINIMUM_REACHED = 0.95  # share of replicates that must reach, for an interval
ROUNDING = 1e-9  # a cost that is off by so little is still on the curve


def with_ends(name: str, value: float, replicates: np.ndarray) -> dict[str, float]:
    """Return a quantity read off a curve as columns: value, interval, share of replicates.

    The interval is NaN unless nearly all replicates have the quantity as well.
    """
    reached = float(np.isfinite(replicates).mean())
    has_interval = np.isfinite(value) and reached >= MINIMUM_REACHED
    low, high = interval(replicates) if has_interval else (float("nan"), float("nan"))
    return {name: value, f"{name}_low": low, f"{name}_high": high, f"{name}_reached": reached}


def cost_at(error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    """Return the minimum cost at which a budget curve has *error*; NaN outside of the curve.

    Args:
        error: fractions ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.

    >>> float(cost_at(0.15, np.array([[1.0, 0.2], [4.0, 0.1]])))
    2.0
    """
    error = np.asarray(error, dtype=np.float64)
    costs, errors, best = _by_cost(curve)
    good = best <= error[..., None]
    # From the last point that is too bad to the first that is good enough.
    upper = good.argmax(axis=-1)
    before = _at(best, np.maximum(upper - 1, 0))
    lower = (best == before[..., None]).argmax(axis=-1)
    log_cost = _between(error, _at(best, upper), before, _at(costs, upper), _at(costs, lower))
    log_cost = np.where(upper == 0, np.log(_at(costs, upper)), log_cost)
    reached = good.any(axis=-1) & ((upper > 0) | (error == errors[..., 0]))
    return np.where(reached, np.exp(log_cost), np.nan)


def error_at(cost: ArrayLike, curve: np.ndarray) -> np.ndarray:
    """Return the minimum error of a budget curve at no more than *cost*; NaN outside its costs.

    Args:
        cost: ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.

    >>> round(float(error_at(2.0, np.array([[1.0, 0.2], [4.0, 0.1]]))), 4)
    0.15
    """
    cost = np.asarray(cost, dtype=np.float64)
    costs, _, best = _by_cost(curve)
    affordable = costs <= cost[..., None] * (1 + ROUNDING)
    now = _at(best, np.maximum(affordable.sum(axis=-1) - 1, 0))
    lower = (best == now[..., None]).argmax(axis=-1)
    better = best < now[..., None]
    upper = better.argmax(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        start, end = np.log(_at(costs, lower)), np.log(_at(costs, upper))
        share = np.clip((np.log(cost) - start) / (end - start), 0, 1)
        minimum = np.where(better.any(axis=-1), now + share * (_at(best, upper) - now), now)
    reached = affordable.any(axis=-1) & (cost <= _largest(costs) * (1 + ROUNDING))
    return np.where(reached, minimum, np.nan)


def cost_bounds(error: ArrayLike, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest cost at which an approach can have *error*.

    Both are :func:`cost_at` on the curve. An error below all of the curve costs more than its
    dearest point; one that its cheapest point already beats costs no more than that.

    Args:
        error: fractions ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.

    >>> cost_bounds(0.05, np.array([[1.0, 0.2], [4.0, 0.1]]))
    (array(4.), array(inf))
    """
    found = cost_at(error, curve)
    costs, _, best = _by_cost(curve)
    error = np.asarray(error, dtype=np.float64)
    never = ~(best <= error[..., None]).any(axis=-1)
    least = np.where(never, _largest(costs), 0.0)
    most = np.where(never, np.inf, costs[..., 0])
    return _bounded(found, least, most, ~np.isfinite(costs[..., 0]) | np.isnan(error), 0.0)


def error_bounds(cost: ArrayLike, curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest error that an approach can have at *cost*.

    Both are :func:`error_at` on the curve. At a cost below all of the curve it errs as much as its
    cheapest point or more; above, as little as the curve's least error or less.

    Args:
        cost: ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.

    >>> error_bounds(8.0, np.array([[1.0, 0.2], [4.0, 0.1]]))
    (array(-inf), array(0.1))
    """
    found = error_at(cost, curve)
    costs, errors, best = _by_cost(curve)
    cost = np.asarray(cost, dtype=np.float64)
    below = cost < costs[..., 0]
    least = np.where(below, errors[..., 0], -np.inf)
    most = np.where(below, np.inf, best[..., -1])
    return _bounded(found, least, most, ~np.isfinite(costs[..., 0]) | np.isnan(cost), -np.inf)


def _bounded(
    found: np.ndarray, least: np.ndarray, most: np.ndarray, unknown: np.ndarray, lowest: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return what was found, and bounds where it was not; anything where nothing is known."""
    least, most = np.where(unknown, lowest, least), np.where(unknown, np.inf, most)
    return np.where(np.isnan(found), least, found), np.where(np.isnan(found), most, found)


def interval_of_bounds(least: np.ndarray, most: np.ndarray) -> tuple[float, float]:
    """Return the interval of a quantity that is known within bounds in every replicate."""
    tail = (1 - LEVEL) / 2
    low = np.quantile(least, tail, method="lower")
    return float(low), float(np.quantile(most, 1 - tail, method="higher"))


def _largest(costs: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(costs), costs, 0).max(axis=-1, initial=0)


def _by_cost(curve: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return costs and errors by cost, and the minimum error up to each: ``(..., points)``.

    A row without a point comes last, at infinity. (In a replicate's far tail a mean over seeds may
    fall below zero, which costs cannot.)
    """
    if not curve.shape[-2]:
        curve = np.full((*curve.shape[:-2], 1, 2), np.nan)
    known = np.isfinite(curve).all(axis=-1) & (curve[..., 0] > 0)
    costs, errors = (np.where(known, curve[..., i], np.inf) for i in (0, 1))
    order = np.lexsort((errors, costs), axis=-1)
    costs, errors = (np.take_along_axis(values, order, axis=-1) for values in (costs, errors))
    return costs, errors, np.minimum.accumulate(errors, axis=-1)


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]


def _between(
    error: np.ndarray, good: np.ndarray, bad: np.ndarray, dear: np.ndarray, cheap: np.ndarray
) -> np.ndarray:
    """Return the logarithm of the cost at *error*, linearly between two points."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (bad - error) / (bad - good)
        return np.log(cheap) + share * (np.log(dear) - np.log(cheap))
