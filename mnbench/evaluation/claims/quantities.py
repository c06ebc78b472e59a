"""The quantities that test the paper's claims: pure functions of :class:`Evidence`.

Open this module to add a quantity that ``claims.yaml`` can name. Each returns a
:class:`Measurement`, or :class:`Untested` where the study lacks something that it needs. Costs are
on the study's first cost axis. The trap: of MotherNets the fewest clusters below the ensemble's
size stand for "g = 1"; the tables say which.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested, records_of
from mnbench.evaluation.claims.four_marks import marks
from mnbench.evaluation.claims.fronts import exclusive_area, gain_on_every_curve, undominated_share
from mnbench.evaluation.curves import (
    cost_at,
    cost_bounds,
    error_at,
    error_bounds,
    interval_of_bounds,
)
from mnbench.evaluation.points import (
    Point,
    full_size,
    mean_curve,
    on_common_seeds,
    replicate_curves,
)
from mnbench.naming import approach_title

Quantity = Callable[..., Measurement | Untested]


def cost_ratio(
    evidence: Evidence, of: str, to: str, networks: int = 0, costing: tuple[float, float] = (0, 0)
) -> Measurement | Untested:
    """Return the cost of *of* as a multiple of that of *to*, at their common full size."""
    pair = _pair(evidence, of, to, networks, costing)
    if isinstance(pair, Untested):
        return pair
    first, second = pair
    value = first.cost(evidence.cost) / second.cost(evidence.cost)
    if not np.isfinite(value):
        return Untested("no time of it is a measurement")
    replicates = first.cost_replicates(evidence.cost) / second.cost_replicates(evidence.cost)
    fixed = evidence.set_by_configuration(pair)
    return Measurement.of(value, replicates, pair, set_by_configuration=fixed)


def error_difference(
    evidence: Evidence, of: str, to: str, networks: int = 0, costing: tuple[float, float] = (0, 0)
) -> Measurement | Untested:
    """Return the test error of *of* less that of *to*, at their common full size."""
    pair = _pair(evidence, of, to, networks, costing)
    if isinstance(pair, Untested):
        return pair
    first, second = pair
    value = first.value("test_error") - second.value("test_error")
    return Measurement.of(value, first.error - second.error, pair)


def hours_saved(evidence: Evidence, of: str, to: str, networks: int) -> Measurement | Untested:
    """Return the device-hours that *to* needs less than *of*."""
    pair = _pair(evidence, of, to, networks)
    if isinstance(pair, Untested):
        return pair
    first, second = pair
    value = (first.cost("device_seconds") - second.cost("device_seconds")) / 3600
    if not np.isfinite(value):
        return Untested("no time of it is a measurement")
    seconds = first.cost_replicates("device_seconds") - second.cost_replicates("device_seconds")
    fixed = evidence.set_by_configuration(pair)
    return Measurement.of(value, seconds / 3600, pair, set_by_configuration=fixed)


def _pair(
    evidence: Evidence, of: str, to: str, networks: int, costing: tuple[float, float] = (0, 0)
) -> tuple[Point, Point] | Untested:
    """Return the two points that the page compares: each approach once, at its plain budget.

    Args:
        evidence: of the study.
        of: an approach.
        to: another.
        networks: the minimum size.
        costing: take *of* at the budget whose cost is nearest to these multiples of *to*'s.
    """
    first, second = evidence.fastest(of, networks), evidence.fastest(to, networks)
    for approach, point in ((of, first), (to, second)):
        if point is None:
            return _too_few(approach, networks)
    assert first is not None and second is not None
    if first.id.size != second.id.size:
        return Untested("the two have no common size")
    if any(costing):
        goal = sum(costing) / 2 * second.cost(evidence.cost)
        curve = evidence.curve(of, first.id.size)
        first = min(curve, key=lambda point: abs(point.cost(evidence.cost) - goal))
    return first, second


def _too_few(approach: str, networks: int) -> Untested:
    of_size = f" of {networks} networks" if networks else ""
    return Untested(f"no {approach_title(approach)}{of_size}")


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
    compared = _on_curve(evidence, of, against, networks)
    if isinstance(compared, Untested):
        return compared
    point, curve = compared
    least, most = (
        bound - point.error
        for bound in error_bounds(
            point.cost_replicates(evidence.cost), replicate_curves(curve, evidence.cost)
        )
    )
    value = error_at(point.cost(evidence.cost), mean_curve(curve, evidence.cost))
    return Measurement.of(
        float(value) - point.value("test_error"), interval_of_bounds(least, most), [point, *curve]
    )


def error_at_cost_share(
    evidence: Evidence, of: str, to: str, share: float
) -> Measurement | Untested:
    """Return the error of *of* at *share* of the cost of *to*, less the error of *to*."""
    compared = _on_curve(evidence, to, of, 0)
    if isinstance(compared, Untested):
        return compared
    point, curve = compared
    least, most = (
        bound - point.error
        for bound in error_bounds(
            share * point.cost_replicates(evidence.cost), replicate_curves(curve, evidence.cost)
        )
    )
    value = error_at(share * point.cost(evidence.cost), mean_curve(curve, evidence.cost))
    return Measurement.of(
        float(value) - point.value("test_error"), interval_of_bounds(least, most), [point, *curve]
    )


def _on_curve(
    evidence: Evidence, of: str, against: str, networks: int
) -> tuple[Point, list[Point]] | Untested:
    """Return the fastest point of *of*, and all budgets of *against*, on common seeds."""
    point = evidence.fastest(of, networks)
    if point is None:
        return _too_few(of, networks)
    curve = evidence.curve(against, point.id.size)
    if not curve:
        return Untested(f"no {approach_title(against)} of {point.id.size} networks")
    common = on_common_seeds([point, *curve], evidence.cost)
    if len(common) < 2 or common[0].id != point.id:
        return Untested("no common seeds")
    return common[0], common[1:]


def error_of_fewest_to_most_clusters(evidence: Evidence) -> Measurement | Untested:
    """Return the error of the fewest clusters less that of the most, of those below the size."""
    own = evidence.full("mothernets")
    if len(own) < 2:
        return Untested("MotherNets at one g only")
    first, last = own[0], own[-1]
    value = first.value("test_error") - last.value("test_error")
    return Measurement.of(value, first.error - last.error, [first, last])


def trained_with_skip_connections(evidence: Evidence, approach: str) -> Measurement | Untested:
    """Return 1 if the approach trained networks with skip connections, 0 if it left them out."""
    reasons = [
        out.reason
        for out in evidence.plan.left_out
        if (out.dataset, out.architecture_set, out.approach)
        == (evidence.dataset, evidence.architecture_set, approach)
    ]
    if any("skip connections" in reason for reason in reasons):
        return Measurement.exact(0.0, ())
    trained = [point for point in evidence.points if point.id.approach == approach]
    members = {member for p in trained for run in p.runs for member in run.ensemble.members}
    networks = {n for member in members for n in evidence.plan.trainings[member].networks}
    if any(block.kind != "plain" for net in networks for block in net.blocks):
        return Measurement.exact(1.0, records_of(trained))
    return Untested("no networks with skip connections")


def error_growth(
    evidence: Evidence, approach: str, after: int, networks: int
) -> Measurement | Untested:
    """Return how much the error grows from *after* networks to the full size."""
    largest = evidence.fastest(approach, networks)
    if largest is None:
        return _too_few(approach, networks)
    small = next((p for p in evidence.sized(largest) if p.id.size == after), None)
    if small is None:
        return Untested(f"no {approach_title(approach)} of {after} networks")
    value = largest.value("test_error") - small.value("test_error")
    return Measurement.of(value, largest.error - small.error, (small, largest))


def largest_hatching_difference(evidence: Evidence) -> Measurement | Untested:
    """Return the largest relative change of logits by hatching, before the noise, in float32."""
    if not evidence.hatching:
        return Untested("no hatched network")
    return Measurement.exact(max(evidence.hatching.values()), evidence.hatching)


def error_by_noise(evidence: Evidence) -> Measurement | Untested:
    """Return the validation error that the noise adds to hatched networks, on average.

    The ends are the least and the most that it adds to any of them, no interval.
    """
    rows = evidence.networks.dropna(subset=["error_before_noise", "error_after_noise"])
    if rows.empty:
        return Untested("no hatched network that notes its error")
    added = rows["error_after_noise"] - rows["error_before_noise"]
    records = tuple(map(str, rows["record"]))
    return Measurement(float(added.mean()), float(added.min()), float(added.max()), records)


def epochs_of_hatched_to_scratch(evidence: Evidence) -> Measurement | Untested:
    """Return the epochs to convergence of hatched networks as a multiple of those from scratch.

    The ratio is the largest of any network, of means over seeds. A fixed number of epochs says
    nothing. A training that ``max_epochs`` ended gives a bound: it would have taken longer.
    """
    rows = evidence.networks[evidence.networks["ended"].isin(["rule", "cap"])]
    hatched = rows[(rows["approach"] == "mothernets") & (rows["role"] == "member")]
    scratch = rows[rows["approach"] == "full_data"]
    both = sorted(set(hatched["networks"]) & set(scratch["networks"]))
    if not both:
        return Untested(
            "no hatched network and no one from scratch that was trained to convergence"
        )
    bootstrap = evidence.points[0].bootstrap
    values, least, most, seeds = [], [], [], []
    for network in both:
        own, others = (part[part["networks"] == network] for part in (hatched, scratch))
        epochs = [part.groupby("seed")["epochs"].mean() for part in (own, others)]
        seeds.append(min(map(len, epochs)))
        top, bottom = (bootstrap.over_seeds(list(s.index), s.to_numpy(float)) for s in epochs)
        values.append(epochs[0].mean() / epochs[1].mean())
        least.append(np.zeros_like(top) if (others["ended"] == "cap").any() else top / bottom)
        most.append(np.full_like(top, np.inf) if (own["ended"] == "cap").any() else top / bottom)
    low, high = interval_of_bounds(np.max(least, axis=0), np.max(most, axis=0))
    records = tuple(map(str, [*hatched["record"], *scratch["record"]]))
    return Measurement(float(max(values)), low, high, records, seeds=min(seeds))


def best_relative_gain(evidence: Evidence) -> Measurement | Untested:
    """Return the fraction of its members' mean error that the best ensemble avoids."""
    several = [point for point in full_size(evidence.points) if point.id.size > 1]
    if not several:
        return Untested("no ensemble of several networks")

    def gain(point: Point) -> float:
        return 1 - point.value("test_error") / point.value("mean_member_error")

    best = max(several, key=gain)
    of_members = best.replicates("mean_member_error")
    assert of_members is not None
    return Measurement.of(gain(best), 1 - best.error / of_members, [best])


def alone_with_all_marks(evidence: Evidence, approach: str, page: bool) -> Measurement | Untested:
    """Return 1 if this one of the six approaches alone has all four marks, 0 if not.

    The interval holds both where marks are undecided.
    """
    rows = marks(evidence, page=page)
    own = [row for row in rows if row.point.approach == approach]
    if not own:
        return Untested("no Full Data to give marks by, or no " + approach_title(approach))
    if any(None in row.grades.values() for row in rows):
        return Untested("fewer than two sizes")
    others = [row for row in rows if row.point.approach != approach]
    surely = any(row.complete for row in own) and all(row.incomplete for row in others)
    never = all(row.incomplete for row in own) or any(row.complete for row in others)
    points = [point for point in evidence.points if point.id in {row.point for row in rows}]
    fixed = page and evidence.set_by_configuration(points)
    return Measurement.of(
        float(surely),
        (float(surely), float(not never)),
        points,
        set_by_configuration=fixed,
    )


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            undominated_share,
            exclusive_area,
            gain_on_every_curve,
            error_of_fewest_to_most_clusters,
            cost_ratio,
            error_difference,
            hours_saved,
            speed_up,
            error_gain,
            error_at_cost_share,
            trained_with_skip_connections,
            error_growth,
            epochs_of_hatched_to_scratch,
            largest_hatching_difference,
            error_by_noise,
            best_relative_gain,
            alone_with_all_marks,
        )
    }
)
