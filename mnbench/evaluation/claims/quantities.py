"""The quantities that test the paper's claims: pure functions of :class:`Evidence`.

Each returns what was measured, or None where the study does not have what it takes. Costs are on
the study's cost axis; of MotherNets the fewest clusters stand for "g = 1".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from mnbench.evaluation.claims.evidence import Evidence, Measured, records_of
from mnbench.evaluation.claims.marks import APPROACHES, marks
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.points import Point, full_size

Quantity = Callable[..., Measured | None]


def cost_ratio(evidence: Evidence, of: str, to: str) -> Measured | None:
    """What *of* costs, as a multiple of what *to* costs, at their common full size."""
    pair = _pair(evidence, of, to)
    if pair is None:
        return None
    one, other = pair
    value = one.cost(evidence.cost) / other.cost(evidence.cost)
    again = one.cost_replicates(evidence.cost) / other.cost_replicates(evidence.cost)
    return Measured.of(value, again, pair) if np.isfinite(value) else None


def error_difference(evidence: Evidence, of: str, to: str, networks: int = 0) -> Measured | None:
    """The test error of *of* less that of *to*, at their common full size."""
    pair = _pair(evidence, of, to, networks)
    if pair is None:
        return None
    one, other = pair
    value = one.value("test_error") - other.value("test_error")
    return Measured.of(value, one.error - other.error, pair)


def hours_saved(evidence: Evidence, of: str, to: str, networks: int) -> Measured | None:
    """The device-hours that *to* needs less than *of*."""
    pair = _pair(evidence, of, to, networks)
    if pair is None:
        return None
    value, again = (
        (one - other) / 3600
        for one, other in (
            [point.cost("device_seconds") for point in pair],
            [point.cost_replicates("device_seconds") for point in pair],
        )
    )
    return Measured.of(value, again, pair) if np.isfinite(value) else None


def _pair(evidence: Evidence, of: str, to: str, networks: int = 0) -> tuple[Point, Point] | None:
    one, other = evidence.fastest(of, networks), evidence.fastest(to, networks)
    if one is None or other is None or one.key.size != other.key.size:
        return None
    return one, other


def least_share_on_front(evidence: Evidence, approach: str) -> Measured | None:
    """Of the approach's points the least share of replicates in which it is on the front.

    The front is over all full-size points, all budgets and one network alone among them.
    MotherNets with as many clusters as networks are Full Data, and do not count.
    """
    here = [p for p in full_size(evidence.points) if np.isfinite(p.cost(evidence.cost))]
    own = [p for p in evidence.full(approach) if p in here and p.key.g != p.key.size]
    if not own or all(point.key.approach == approach for point in here):
        return None
    again = np.stack([[point.cost_replicates(evidence.cost), point.error] for point in here])
    samples = np.moveaxis(again, -1, 0)
    samples = samples[np.isfinite(samples).all(axis=(1, 2))]
    shares = np.mean([pareto_front(*sample.T) for sample in samples], axis=0)
    return Measured.exact(min(shares[here.index(point)] for point in own), records_of(own))


def share_in_order_of_g(evidence: Evidence) -> Measured | None:
    """The share of replicates in which more clusters always cost more and err less."""
    own = evidence.full("mothernets")
    if len(own) < 2 or not all(np.isfinite(p.cost(evidence.cost)) for p in own):
        return None
    costs = np.stack([point.cost_replicates(evidence.cost) for point in own])
    errors = np.stack([point.error for point in own])
    in_order = (np.diff(costs, axis=0) > 0).all(axis=0) & (np.diff(errors, axis=0) < 0).all(axis=0)
    return Measured.exact(float(in_order.mean()), records_of(own))


def refused_for_skip_connections(evidence: Evidence, approach: str) -> Measured | None:
    """1 if the approach left the ensemble out for its skip connections, 0 if it trained it."""
    reasons = [
        out.reason
        for out in evidence.plan.left_out
        if (out.dataset, out.architecture_set, out.approach)
        == (evidence.dataset, evidence.architecture_set, approach)
    ]
    if any("skip connections" in reason for reason in reasons):
        return Measured.exact(1.0, ())
    trained = [point for point in evidence.points if point.key.approach == approach]
    networks = {
        network
        for training in evidence.plan.trainings.values()
        if training.id in records_of(trained)
        for network in training.networks
    }
    has_skips = any(block.kind != "plain" for net in networks for block in net.blocks)
    return Measured.exact(0.0, records_of(trained)) if has_skips else None


def error_growth(evidence: Evidence, approach: str, after: int, networks: int) -> Measured | None:
    """How much the error grows from *after* networks to the full size."""
    largest = evidence.fastest(approach, networks)
    if largest is None:
        return None
    small = next((p for p in evidence.sized(largest) if p.key.size == after), None)
    if small is None:
        return None
    value = largest.value("test_error") - small.value("test_error")
    return Measured.of(value, largest.error - small.error, (small, largest))


def epochs_of_hatched_to_scratch(evidence: Evidence) -> Measured | None:
    """The epochs of hatched networks until they have converged, by those of networks from scratch.

    The largest ratio of the same network's over the seeds' means; where the number of epochs was
    set and not found, there is none.
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
    return Measured.exact(float(ratios.max()), [*hatched["record"], *scratch["record"]])


def largest_hatching_difference(evidence: Evidence) -> Measured | None:
    """The largest relative change of logits by any hatching, before the noise, in float32."""
    if not evidence.hatching:
        return None
    return Measured.exact(max(evidence.hatching.values()), evidence.hatching)


def best_relative_gain(evidence: Evidence) -> Measured | None:
    """The part of its members' mean error that the best ensemble of any approach avoids."""
    several = [point for point in full_size(evidence.points) if point.key.size > 1]
    if not several:
        return None

    def gain(point: Point) -> float:
        return 1 - point.value("test_error") / point.value("mean_member_error")

    best = max(several, key=gain)
    again = best.replicates("mean_member_error")
    assert again is not None
    return Measured.of(gain(best), 1 - best.error / again, [best])


def alone_with_all_marks(evidence: Evidence, approach: str) -> Measured | None:
    """1 if of the six approaches this one alone has all four marks, 0 if not."""
    found = {one.approach: one for one in marks(evidence)}
    if approach not in found or len(found) < 3:
        return None
    if any(None in one.of.values() for one in found.values()):
        return None
    whole = [name for name, one in found.items() if all(m == "yes" for m in one.of.values())]
    shown = [p for name in found if name in APPROACHES for p in evidence.full(name)]
    return Measured.exact(float(whole == [approach]), records_of(shown))


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            cost_ratio,
            error_difference,
            hours_saved,
            least_share_on_front,
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
