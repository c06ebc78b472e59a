"""What approaches come to beside each other: differences, fronts, costs at equal error.

Everything is computed in every bootstrap replicate, with the same seeds and images for all points
that are compared, and so paired: a seed that one of them lacks is left out of the comparison. Costs
are on one axis, which the caller chooses.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import moocore
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mnbench.evaluation.bootstrap import LEAST_SEEDS, interval, p_value
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import Point, curves, full_size, on_common_seeds, points

REFERENCE = 1.1  # the reference point: so many times the largest cost, and the largest error
REACHED = 0.95  # the least share of replicates in which there is a figure that has an interval
ROUNDING = 1e-9  # a cost that is off by so little is still on the curve
BASE = "full_data"  # what costs to reach an error are counted against


def differences(evaluation: Evaluation) -> pd.DataFrame:
    """Compare the test errors of every two full-size points of an ensemble.

    Columns: data set, ensemble, the two points; ``seeds`` that both have; the first's error less
    the second's, with its interval; ``p`` of no difference, from three seeds on; and ``q``, p
    adjusted for how many are compared (false discovery rate: Benjamini, Hochberg 1995).
    Two points of the same records differ by nothing, and are not compared.
    """
    rows = []
    for where, of_ensemble in points(evaluation).items():
        here = [difference(*pair) for pair in combinations(full_size(of_ensemble), 2)]
        here = [row for row in here if row]
        known = [row for row in here if np.isfinite(row["p"])]
        if known:
            # Takes half a second to import, and every figure imports this module.
            from scipy.stats import false_discovery_control

            adjusted = false_discovery_control([row["p"] for row in known], method="bh")
            for row, q in zip(known, adjusted, strict=True):
                row["q"] = q
        rows += [
            dict(zip(("dataset", "architecture_set"), where, strict=True)) | row for row in here
        ]
    columns = ["dataset", "architecture_set", "first", "second", "seeds", "difference"]
    return pd.DataFrame(rows, columns=[*columns, "difference_low", "difference_high", "p", "q"])


def difference(first: Point, second: Point) -> dict[str, Any]:
    """Compare the test errors of two points on the seeds that both have; {} of the same records."""
    members = [{run.ensemble.members for run in point.runs} for point in (first, second)]
    if members[0] == members[1]:
        return {}
    both = [seed for seed in first.seeds if seed in second.seeds]
    row = {"first": str(first.key), "second": str(second.key), "seeds": len(both)}
    if not both:
        return row | {"p": float("nan")}
    one, other = (point.on_seeds(both) for point in (first, second))
    found = one.error - other.error
    low, high = interval(found)
    return row | {
        "difference": one.value("test_error") - other.value("test_error"),
        "difference_low": low,
        "difference_high": high,
        "p": p_value(found) if len(both) >= LEAST_SEEDS else float("nan"),
        "q": float("nan"),
    }


def fronts(evaluation: Evaluation, cost: str) -> pd.DataFrame:
    """Measure how far each approach's full-size points push the front.

    One row an approach: ``hypervolume``, the area that its points dominate up to the reference
    point, as a fraction of the rectangle from zero cost and error to there, with its interval; and
    ``reference_cost`` and ``reference_error``, the reference point (:data:`REFERENCE` times the
    largest of the ensemble's points). One row a point with ``point`` and ``on_front``, the share of
    replicates in which it is on the front over all approaches.
    """
    rows = []
    for (dataset, architecture_set), of_ensemble in points(evaluation).items():
        here = on_common_seeds(full_size(of_ensemble), cost)
        if not here:
            continue
        again = np.stack([[point.cost_replicates(cost), point.error] for point in here])
        means = np.array([[point.cost(cost), point.value("test_error")] for point in here])
        reference = REFERENCE * means.max(axis=0)
        on_front = np.mean(
            [pareto_front(*sample.T) for sample in np.moveaxis(again, -1, 0)], axis=0
        )
        where = {
            "dataset": dataset,
            "architecture_set": architecture_set,
            "cost": cost,
            "seeds": len(here[0].seeds),
            "reference_cost": reference[0],
            "reference_error": reference[1],
        }
        for approach, curve in curves(here):
            chosen = [here.index(point) for point in curve]
            volumes = [
                _hypervolume(sample[chosen], reference) for sample in np.moveaxis(again, -1, 0)
            ]
            low, high = interval(np.array(volumes))
            rows.append(
                where
                | {
                    "approach": approach,
                    "hypervolume": _hypervolume(means[chosen], reference),
                    "hypervolume_low": low,
                    "hypervolume_high": high,
                }
            )
        rows += [
            where | {"approach": point.key.approach, "point": str(point.key), "on_front": share}
            for point, share in zip(here, on_front, strict=True)
        ]
    columns = ["dataset", "architecture_set", "approach", "point", "cost", "seeds", "hypervolume"]
    columns += ["hypervolume_low", "hypervolume_high", "on_front"]
    return pd.DataFrame(rows, columns=[*columns, "reference_cost", "reference_error"])


def _hypervolume(sample: np.ndarray, reference: np.ndarray) -> float:
    return float(moocore.hypervolume(sample, ref=reference) / reference.prod())


def equal_error(evaluation: Evaluation, cost: str) -> pd.DataFrame:
    """What MotherNets and others cost, or err, where the other one is as good, or as dear.

    One row for every full-size point (``point``) and every other approach (``against``):

    - ``speed_up``: what *against* costs at the point's error, divided by the point's cost;
    - ``error_gain``: the error of *against* at the point's cost, less the point's error.

    *against* is read off its budget curve: the best error at no more than a cost, its full-size
    points (g is no budget; the points of all g make up the curve) joined linearly in the logarithm
    of cost. A point that is on that curve itself is left out. Nothing is extrapolated: where the
    curve does not reach, the cell is empty. ``reached`` is the share of replicates in which it
    does; with less than :data:`REACHED` of them there is no interval.
    """
    rows = []
    for where, of_ensemble in points(evaluation).items():
        here = full_size(of_ensemble)
        by_approach = dict(curves(here))
        for point in here:
            for against, curve in by_approach.items():
                if against == point.key.approach or _same_records(point, curve):
                    continue
                common = on_common_seeds([point, *curve], cost)
                if len(common) > 1 and common[0].key == point.key:
                    row = dict(zip(("dataset", "architecture_set"), where, strict=True))
                    rows.append(row | {"cost": cost} | _equal(common[0], against, common[1:], cost))
    columns = ["dataset", "architecture_set", "cost", "point", "against", "seeds"]
    for quantity in ("speed_up", "error_gain"):
        columns += [quantity, f"{quantity}_low", f"{quantity}_high", f"{quantity}_reached"]
    return pd.DataFrame(rows, columns=columns)


def _same_records(point: Point, curve: Sequence[Point]) -> bool:
    """Whether the point is one of the curve's, called otherwise (MotherNets at the last g)."""
    own = {run.ensemble.members for run in point.runs}
    return any(own == {run.ensemble.members for run in other.runs} for other in curve)


def _equal(point: Point, against: str, curve: Sequence[Point], cost: str) -> dict[str, Any]:
    mean = (point.cost(cost), point.value("test_error"))
    means = [(other.cost(cost), other.value("test_error")) for other in curve]
    own = np.stack([point.cost_replicates(cost), point.error])
    others = np.stack([[other.cost_replicates(cost), other.error] for other in curve])
    row: dict[str, Any] = {
        "point": str(point.key),
        "against": against,
        "seeds": len(point.seeds),
    }
    for name, function in (("speed_up", _speed_up), ("error_gain", _error_gain)):
        again = function(*own, np.moveaxis(others, -1, 0))
        row |= _read_off(name, float(function(*mean, np.array(means))), again)
    return row


def _read_off(name: str, value: float, again: np.ndarray) -> dict[str, float]:
    """A figure read off a curve: its interval only where nearly all replicates have it as well."""
    reached = float(np.isfinite(again).mean())
    has_interval = np.isfinite(value) and reached >= REACHED
    low, high = interval(again) if has_interval else (float("nan"), float("nan"))
    return {name: value, f"{name}_low": low, f"{name}_high": high, f"{name}_reached": reached}


def _speed_up(cost: ArrayLike, error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    return cost_at(error, curve) / cost


def _error_gain(cost: ArrayLike, error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    return error_at(cost, curve) - error


def cost_to_reach(evaluation: Evaluation, cost: str) -> pd.DataFrame:
    """What every approach costs where its error is that of Full Data with m networks.

    One row an approach and m. The approach is read off all that it offers, ensembles of every size
    at every budget and g, as in :func:`equal_error`; an error that it does not reach, or that even
    its cheapest offer is better than, leaves a cell empty.
    """
    rows = []
    for where, of_ensemble in points(evaluation).items():
        goals = [p for p in of_ensemble if p.key.approach == BASE and p.key.budget == 1]
        for goal in goals:
            for approach, curve in curves(of_ensemble):
                common = on_common_seeds([goal, *curve], cost)
                if len(common) < 2 or common[0].key != goal.key:
                    continue
                own, offers = common[0], common[1:]
                error = own.value("test_error")
                means = [(other.cost(cost), other.value("test_error")) for other in offers]
                others = np.stack([[o.cost_replicates(cost), o.error] for o in offers])
                again = cost_at(own.error, np.moveaxis(others, -1, 0))
                rows.append(
                    dict(zip(("dataset", "architecture_set"), where, strict=True))
                    | {"cost": cost, "networks": goal.key.size, "error": error}
                    | {"approach": approach, "seeds": len(own.seeds)}
                    | _read_off("cost_to_reach", float(cost_at(error, np.array(means))), again)
                )
    columns = ["dataset", "architecture_set", "cost", "networks", "error", "approach", "seeds"]
    ends = [f"cost_to_reach{end}" for end in ("", "_low", "_high", "_reached")]
    return pd.DataFrame(rows, columns=[*columns, *ends])


def cost_at(error: ArrayLike, curve: np.ndarray) -> np.ndarray:
    """Return the least cost at which a budget curve is as good as *error*; NaN outside of it.

    Args:
        error: fractions ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.
    """
    error = np.asarray(error, dtype=np.float64)
    costs, errors, best = _by_cost(curve)
    good = best <= error[..., None]
    # From the last point that is too bad to the first that is good enough.
    upper = good.argmax(axis=-1)
    before = _at(best, np.maximum(upper - 1, 0))
    lower = (best == before[..., None]).argmax(axis=-1)
    found = _between(error, _at(best, upper), before, _at(costs, upper), _at(costs, lower))
    found = np.where(upper == 0, np.log(_at(costs, upper)), found)
    reached = good.any(axis=-1) & ((upper > 0) | (error == errors[..., 0]))
    return np.where(reached, np.exp(found), np.nan)


def error_at(cost: ArrayLike, curve: np.ndarray) -> np.ndarray:
    """Return the best error of a budget curve at no more than *cost*; NaN outside of its costs.

    Args:
        cost: ``(...)``, one a curve.
        curve: ``(..., points, 2)`` of cost and error, in any order.
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
        found = np.where(better.any(axis=-1), now + share * (_at(best, upper) - now), now)
    highest = np.where(np.isfinite(costs), costs, 0).max(axis=-1, initial=0)
    reached = affordable.any(axis=-1) & (cost <= highest * (1 + ROUNDING))
    return np.where(reached, found, np.nan)


def _by_cost(curve: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Costs and errors, the cheapest first, and the best error up to each: ``(..., points)``.

    What is no point comes last, at infinity. (In a replicate's far tail a mean over seeds may fall
    below zero, which costs cannot.)
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


def _between(error, good, bad, dear, cheap) -> np.ndarray:
    """The logarithm of the cost at *error*, linearly between two points."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (bad - error) / (bad - good)
        return np.log(cheap) + share * (np.log(dear) - np.log(cheap))
