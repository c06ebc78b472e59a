"""The quantities that test the paper's claims: pure functions of :class:`Evidence`.

Open this module to add a quantity that ``claims.yaml`` can name. Each returns a
:class:`Measurement`, or :class:`Untested` where the study lacks something that it needs. Costs are
on the study's first cost axis. The trap: of MotherNets the fewest clusters below the ensemble's
size stand for "g = 1"; the tables say which.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS
from mnbench.evaluation.claims.equal import error_at_cost_share, error_gain, speed_up
from mnbench.evaluation.claims.evidence import (
    Evidence,
    Measurement,
    Untested,
    records_of,
    too_few,
)
from mnbench.evaluation.claims.four_marks import SET_GRADE, marks
from mnbench.evaluation.claims.fronts import (
    ahead_share,
    exclusive_area,
    gain_on_every_curve,
    undominated_share,
)
from mnbench.evaluation.claims.hatched import (
    epochs_of_hatched_to_scratch,
    error_by_noise,
    largest_hatching_difference,
)
from mnbench.evaluation.points import (
    Point,
    full_size,
    on_shared_seeds,
)
from mnbench.naming import approach_title

DEVICE = "device_seconds"
Quantity = Callable[..., Measurement | Untested]


def cost_ratio(
    evidence: Evidence, of: str, to: str, networks: int = 0, costing: tuple[float, float] = (0, 0)
) -> Measurement | Untested:
    """Return the cost of *of* as a multiple of that of *to*, at their common full size."""
    pair = _pair(evidence, of, to, networks, costing, evidence.cost)
    if isinstance(pair, Untested):
        return pair
    first, second = pair
    value = first.cost(evidence.cost) / second.cost(evidence.cost)
    replicates = first.cost_replicates(evidence.cost) / second.cost_replicates(evidence.cost)
    bounds = [evidence.possible_costs(point, evidence.cost) for point in pair]
    possible = None
    if bounds[0] and bounds[1]:
        possible = (bounds[0][0] / bounds[1][1], bounds[0][1] / bounds[1][0])
    return Measurement.of(value, replicates, pair, possible=possible)


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
    pair = _pair(evidence, of, to, networks, cost=DEVICE)
    if isinstance(pair, Untested):
        return pair
    first, second = pair
    value = (first.cost(DEVICE) - second.cost(DEVICE)) / 3600
    seconds = first.cost_replicates(DEVICE) - second.cost_replicates(DEVICE)
    bounds = [evidence.possible_costs(point, DEVICE) for point in pair]
    possible = None
    if bounds[0] and bounds[1]:
        possible = ((bounds[0][0] - bounds[1][1]) / 3600, (bounds[0][1] - bounds[1][0]) / 3600)
    return Measurement.of(value, seconds / 3600, pair, possible=possible)


def _pair(
    evidence: Evidence,
    of: str,
    to: str,
    networks: int,
    costing: tuple[float, float] = (0, 0),
    cost: str | None = None,
) -> list[Point] | Untested:
    """Return the two points that the page compares, on the seeds that both have.

    Each is its approach's largest at its plain budget.

    Args:
        evidence: of the study.
        of: an approach.
        to: another.
        networks: the minimum size.
        costing: take *of* at the budget whose cost is nearest to these multiples of *to*'s.
        cost: a cost that every seed must have a measurement of, or None.
    """
    first, second = evidence.fastest(of, networks), evidence.fastest(to, networks)
    for approach, point in ((of, first), (to, second)):
        if point is None:
            return too_few(approach, networks)
    assert first is not None and second is not None
    if first.id.size != second.id.size:
        return Untested("the two have no common size")
    if any(costing):
        goal = sum(costing) / 2 * second.cost(evidence.cost)
        curve = evidence.curve(of, first.id.size)
        first = min(curve, key=lambda point: abs(point.cost(evidence.cost) - goal))
    pair = on_shared_seeds([first, second], cost)
    if not pair:
        return Untested(f"no common seeds of {approach_title(of)} and {approach_title(to)}")
    if cost and not all(point.cost(cost) > 0 for point in pair):
        return Untested("a cost is zero")
    return pair


def error_of_fewest_to_most_clusters(evidence: Evidence) -> Measurement | Untested:
    """Return the error of the fewest clusters less that of g = ensemble size: Full Data."""
    fewest, most = evidence.fastest("mothernets"), evidence.fastest("full_data")
    if fewest is None or most is None or fewest.id.size != most.id.size:
        return Untested("no MotherNets below g = ensemble size, or no Full Data of that size")
    pair = on_shared_seeds([fewest, most])
    if not pair:
        return Untested("no common seeds")
    value = pair[0].value("test_error") - pair[1].value("test_error")
    return Measurement.of(value, pair[0].error - pair[1].error, pair)


def trained_with_skip_connections(evidence: Evidence, approach: str) -> Measurement | Untested:
    """Return 1 if the approach trained networks with skip connections."""
    trained = [point for point in evidence.points if point.id.approach == approach]
    members = {member for p in trained for run in p.runs for member in run.ensemble.members}
    networks = {n for member in members for n in evidence.plan.trainings[member].networks}
    if any(block.kind != "plain" for net in networks for block in net.blocks):
        return Measurement.exact(1.0, records_of(trained))
    return Untested(f"no {approach_title(approach)} of networks with skip connections")


def error_growth(
    evidence: Evidence, approach: str, after: int, networks: int
) -> Measurement | Untested:
    """Return how much the error grows from *after* networks to the full size."""
    largest = evidence.fastest(approach, networks)
    if largest is None:
        return too_few(approach, networks)
    small = next((p for p in evidence.sized(largest) if p.id.size == after), None)
    if small is None:
        return Untested(f"no {approach_title(approach)} of {after} networks")
    pair = on_shared_seeds([small, largest])
    if not pair:
        return Untested("no common seeds")
    small, largest = pair
    value = largest.value("test_error") - small.value("test_error")
    return Measurement.of(value, largest.error - small.error, pair)


def best_relative_gain(evidence: Evidence) -> Measurement | Untested:
    """Return the fraction of its members' mean error that the best ensemble avoids.

    The best of those with seeds enough, if there are any.
    """
    several = [
        point
        for point in full_size(evidence.points)
        if point.id.size > 1 and point.value("mean_member_error") > 0
    ]
    if not several:
        return Untested("no ensemble of several networks that err")
    several = [point for point in several if len(point.runs) >= MINIMUM_SEEDS] or several

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
        return Untested(f"no Full Data to give marks by, or no {approach_title(approach)}")
    if any(SET_GRADE in row.grades.values() for row in rows):
        return Untested(SET_GRADE)
    if len({row.point.size for row in rows}) > 1:
        return Untested("the approaches have no common size")
    if any(None in row.grades.values() for row in rows):
        return Untested("a mark could not be measured: fewer than two sizes, or no common seeds")
    others = [row for row in rows if row.point.approach != approach]
    surely = any(row.complete for row in own) and all(row.incomplete for row in others)
    never = all(row.incomplete for row in own) or any(row.complete for row in others)
    points = [point for point in evidence.points if point.id in {row.point for row in rows}]
    found = Measurement.of(float(surely), (float(surely), float(not never)), points)
    return replace(found, seeds=min(row.seeds for row in rows))


QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            undominated_share,
            ahead_share,
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
