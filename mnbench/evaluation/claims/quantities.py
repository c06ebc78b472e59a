"""The quantities that test the paper's claims: pure functions of :class:`Evidence`.

Open this module to add a quantity that ``claims.yaml`` can name. Each returns a
:class:`Measurement`, or None where the study lacks something that it needs. Costs are on the
study's first cost axis. The trap: of MotherNets the fewest clusters stand for "g = 1".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from mnbench.evaluation.claims.evidence import Evidence, Measurement, records_of
from mnbench.evaluation.claims.four_marks import marks
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.points import Point, full_size, replicate_curves

Quantity = Callable[..., Measurement | None]


def cost_ratio(evidence: Evidence, of: str, to: str) -> Measurement | None:
    """Return the cost of *of* as a multiple of that of *to*, at their common full size."""
    pair = _pair(evidence, of, to)
    if pair is None:
        return None
    first, second = pair
    value = first.cost(evidence.cost) / second.cost(evidence.cost)
    replicates = first.cost_replicates(evidence.cost) / second.cost_replicates(evidence.cost)
    return Measurement.of(value, replicates, pair) if np.isfinite(value) else None


def error_difference(evidence: Evidence, of: str, to: str, networks: int = 0) -> Measurement | None:
    """Return the test error of *of* less that of *to*, at their common full size."""
    pair = _pair(evidence, of, to, networks)
    if pair is None:
        return None
    first, second = pair
    value = first.value("test_error") - second.value("test_error")
    return Measurement.of(value, first.error - second.error, pair)


def hours_saved(evidence: Evidence, of: str, to: str, networks: int) -> Measurement | None:
    """Return the device-hours that *to* needs less than *of*."""
    pair = _pair(evidence, of, to, networks)
    if pair is None:
        return None
    first, second = pair
    seconds = first.cost("device_seconds") - second.cost("device_seconds")
    replicates = first.cost_replicates("device_seconds") - second.cost_replicates("device_seconds")
    value = seconds / 3600
    return Measurement.of(value, replicates / 3600, pair) if np.isfinite(value) else None


def _pair(evidence: Evidence, of: str, to: str, networks: int = 0) -> tuple[Point, Point] | None:
    first, second = evidence.fastest(of, networks), evidence.fastest(to, networks)
    if first is None or second is None or first.id.size != second.id.size:
        return None
    return first, second


def minimum_share_on_front(evidence: Evidence, approach: str) -> Measurement | None:
    """Return the minimum, over an approach's points, of the share of replicates on the front.

    The front is over all full-size points, all budgets and one network alone among them.
    MotherNets with g = ensemble size are Full Data and do not count.
    """
    compared = [p for p in full_size(evidence.points) if np.isfinite(p.cost(evidence.cost))]
    own = [p for p in evidence.full(approach) if p in compared and p.id.g != p.id.size]
    if not own or all(point.id.approach == approach for point in compared):
        return None
    samples = replicate_curves(compared, evidence.cost)
    samples = samples[np.isfinite(samples).all(axis=(1, 2))]
    shares = np.mean([pareto_front(*sample.T) for sample in samples], axis=0)
    return Measurement.exact(min(shares[compared.index(point)] for point in own), records_of(own))


def share_in_order_of_g(evidence: Evidence) -> Measurement | None:
    """Return the share of replicates in which more clusters always cost more and err less."""
    own = evidence.full("mothernets")
    if len(own) < 2 or not all(np.isfinite(p.cost(evidence.cost)) for p in own):
        return None
    costs = np.stack([point.cost_replicates(evidence.cost) for point in own])
    errors = np.stack([point.error for point in own])
    in_order = (np.diff(costs, axis=0) > 0).all(axis=0) & (np.diff(errors, axis=0) < 0).all(axis=0)
    return Measurement.exact(float(in_order.mean()), records_of(own))


def refused_for_skip_connections(evidence: Evidence, approach: str) -> Measurement | None:
    """Return 1 if the approach left the set out for its skip connections, 0 if it trained it."""
    reasons = [
        out.reason
        for out in evidence.plan.left_out
        if (out.dataset, out.architecture_set, out.approach)
        == (evidence.dataset, evidence.architecture_set, approach)
    ]
    if any("skip connections" in reason for reason in reasons):
        return Measurement.exact(1.0, ())
    trained = [point for point in evidence.points if point.id.approach == approach]
    members = {member for p in trained for run in p.runs for member in run.ensemble.members}
    networks = {n for member in members for n in evidence.plan.trainings[member].networks}
    has_skips = any(block.kind != "plain" for net in networks for block in net.blocks)
    return Measurement.exact(0.0, records_of(trained)) if has_skips else None


def error_growth(
    evidence: Evidence, approach: str, after: int, networks: int
) -> Measurement | None:
    """Return how much the error grows from *after* networks to the full size."""
    largest = evidence.fastest(approach, networks)
    if largest is None:
        return None
    small = next((p for p in evidence.sized(largest) if p.id.size == after), None)
    if small is None:
        return None
    value = largest.value("test_error") - small.value("test_error")
    return Measurement.of(value, largest.error - small.error, (small, largest))


def epochs_of_hatched_to_scratch(evidence: Evidence) -> Measurement | None:
    """Return the epochs to convergence of hatched networks as a multiple of those from scratch.

    The ratio is the largest of any network, of means over seeds. A fixed number of epochs says
    nothing, and is left out.
    """
    trainings = {str(id): training for id, training in evidence.plan.trainings.items()}
    rows = evidence.networks[evidence.networks["record"].isin(trainings)]
    open_end = [trainings[id].recipe.get("protocol") == "convergence" for id in rows["record"]]
    rows = rows[np.array(open_end, dtype=bool)]
    hatched = rows[(rows["approach"] == "mothernets") & (rows["role"] == "member")]
    scratch = rows[rows["approach"] == "full_data"]
    means = [part.groupby("networks")["epochs"].mean() for part in (hatched, scratch)]
    ratios = (means[0] / means[1]).dropna()
    if ratios.empty:
        return None
    return Measurement.exact(float(ratios.max()), [*hatched["record"], *scratch["record"]])


def largest_hatching_difference(evidence: Evidence) -> Measurement | None:
    """Return the largest relative change of logits by hatching, before the noise, in float32."""
    if not evidence.hatching:
        return None
    return Measurement.exact(max(evidence.hatching.values()), evidence.hatching)


def best_relative_gain(evidence: Evidence) -> Measurement | None:
    """Return the fraction of its members' mean error that the best ensemble avoids."""
    several = [point for point in full_size(evidence.points) if point.id.size > 1]
    if not several:
        return None

    def gain(point: Point) -> float:
        return 1 - point.value("test_error") / point.value("mean_member_error")

    best = max(several, key=gain)
    of_members = best.replicates("mean_member_error")
    assert of_members is not None
    return Measurement.of(gain(best), 1 - best.error / of_members, [best])


def alone_with_all_marks(evidence: Evidence, approach: str) -> Measurement | None:
    """Return 1 if this one of the six approaches alone has all four marks, 0 if not."""
    rows = {row.point.approach: row for row in marks(evidence)}
    if approach not in rows or len(rows) < 3:
        return None
    if any(None in row.grades.values() for row in rows.values()):
        return None
    complete = [name for name, row in rows.items() if set(row.grades.values()) == {"yes"}]
    compared = [point for name in rows for point in evidence.full(name)]
    return Measurement.exact(float(complete == [approach]), records_of(compared))


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            cost_ratio,
            error_difference,
            hours_saved,
            minimum_share_on_front,
            share_in_order_of_g,
            refused_for_skip_connections,
            error_growth,
            epochs_of_hatched_to_scratch,
            largest_hatching_difference,
            best_relative_gain,
            alone_with_all_marks,
        )
    }
)
