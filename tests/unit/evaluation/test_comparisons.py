"""Comparisons: differences, fronts, equal error and equal cost, by hand and paired."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.evaluations import IMAGES, evaluation, same_for, table, wrong
from support.toy_records import plan_of

from mnbench.evaluation.curves import cost_at, cost_bounds, error_at, error_bounds
from mnbench.evaluation.points import budget_curves, points
from mnbench.evaluation.results import StudyResults
from mnbench.records.store import RecordStore

FULL, HALF = ("full_data", None, 1.0, 5), ("full_data", None, 0.5, 5)
G1, G2 = ("mothernets", 1, 1.0, 5), ("mothernets", 2, 1.0, 5)
BAGGING = ("bagging", None, 1.0, 5)
COSTS = {FULL: 10.0, HALF: 5.0, G1: 6.0, G2: 8.0, BAGGING: 10.0}


@pytest.fixture(scope="module")
def study():
    errors = {FULL: 0.10, HALF: 0.20, G1: 0.15, G2: 0.12, BAGGING: 0.30}
    return evaluation({name: same_for(3, error) for name, error in errors.items()}, COSTS)


def row(rows: pd.DataFrame, **where) -> pd.Series:
    for column, value in where.items():
        rows = rows[rows[column] == value]
    (found,) = rows.to_dict("records")
    return pd.Series(found)


# Estimates


def test_an_estimate_is_the_mean_in_its_interval(study):
    found = row(table("estimates", study), approach="mothernets", g=1, combination="average")
    assert found["test_error"] == pytest.approx(0.15)
    assert found["test_error_low"] < 0.15 < found["test_error_high"]
    # Binomial: 1.96 standard deviations of 400 images, each answered by three seeds.
    half = (found["test_error_high"] - found["test_error_low"]) / 2
    assert 0.5 < half / (1.96 * np.sqrt(0.15 * 0.85 / IMAGES)) < 1.1
    assert (found["seeds"], found["images"], found["timed_seeds"]) == (3, IMAGES, 3)
    for end in ("", "_low", "_high"):
        assert found[f"cpu_seconds{end}"] == pytest.approx(6)
    assert (found["device_seconds"], found["training_flops"]) == (12, 6e9)


def test_times_on_a_shared_device_are_left_out_of_times_only():
    runs = {FULL: same_for(2, 0.1), G1: same_for(2, 0.2)}
    made = evaluation(runs, COSTS, shared=[(FULL, 0), (G1, 0), (G1, 1)])
    means = table("estimates", made)
    full = row(means, approach="full_data", combination="average")
    g1 = row(means, approach="mothernets", combination="average")
    assert (full["timed_seeds"], full["cpu_seconds"]) == (1, 10)
    assert g1["timed_seeds"] == 0 and np.isnan(g1["cpu_seconds"]) and np.isnan(g1["device_seconds"])
    assert (g1["training_flops"], g1["seeds"]) == (6e9, 2)
    for name in ("fronts", "equal_error"):
        assert "mothernets" not in table(name, made).to_string()
    assert "mothernets" in table("fronts", made, "training_flops").to_string()


def test_a_variant_is_a_point_of_its_own_on_its_approachs_curve_and_no_evidence_of_claims():
    made = evaluation({FULL: same_for(2, 0.1), G1: same_for(2, 0.2)})
    shorter = [
        replace(run, ensemble=replace(run.ensemble, variant="hatched epochs x 0.5"))
        for run in made.evaluated
        if run.ensemble.approach == "mothernets"
    ]
    made = replace(made, evaluated=(*made.evaluated, *shorter))
    estimates = table("estimates", made)
    averaged = estimates[estimates["combination"] == "average"]
    g1 = averaged[averaged["approach"] == "mothernets"]
    assert g1["variant"].tolist() == ["", "hatched epochs x 0.5"]
    (of_set,) = points(made).values()
    curve = dict(budget_curves(of_set))["mothernets", ""]
    assert [point.id.variant for point in curve] == ["", "hatched epochs x 0.5"]
    columns = ["dataset", "architecture_set", "record", "parents", "ended"]
    networks = pd.DataFrame(columns=columns)
    results = StudyResults(
        RecordStore(plan_of(), Path()), made, ("cpu_seconds",), {"networks": networks}
    )
    (evidence,) = results.evidence
    assert [point.id.variant for point in evidence.points] == ["", ""]


def test_a_named_variant_is_a_line_of_its_own_beside_its_approach():
    made = evaluation({FULL: same_for(2, 0.1), G1: same_for(2, 0.2)})
    named = [
        replace(run, ensemble=replace(run.ensemble, variant=variant))
        for variant in ("improved", "improved, hatched epochs x 0.5")
        for run in made.evaluated
        if run.ensemble.approach == "mothernets"
    ]
    made = replace(made, evaluated=(*made.evaluated, *named))
    (of_set,) = points(made).values()
    lines = {line: [point.id.variant for point in curve] for line, curve in budget_curves(of_set)}
    assert lines == {
        ("full_data", ""): [""],
        ("mothernets", ""): [""],
        ("mothernets", "improved"): ["improved", "improved, hatched epochs x 0.5"],
    }
    compared = table("equal_error", made)
    compared = compared[compared["approach"] == "mothernets"]
    found = set(
        compared[["variant", "against", "against_variant"]].itertuples(index=False, name=None)
    )
    assert ("improved", "full_data", "") in found
    assert ("", "full_data", "") in found and ("", "mothernets", "") not in found
    volumes = table("fronts", made).dropna(subset=["hypervolume"])
    assert set(volumes[["approach", "variant"]].itertuples(index=False, name=None)) == set(lines)


# Differences


def test_a_difference_is_paired(study):
    differences = table("differences", study)
    assert len(differences) == 10
    found = row(differences, first_approach="full_data", first_budget=1.0, second_g=1)
    assert found["difference"] == pytest.approx(-0.05) and found["seeds"] == 3
    assert found["difference_low"] < -0.05 < found["difference_high"]
    # The wrong images of the one are wrong of the other as well, which unpaired nobody would know.
    alone = row(table("estimates", study), approach="full_data", budget=1.0, combination="average")
    width = found["difference_high"] - found["difference_low"]
    assert width < 0.9 * (alone["test_error_high"] - alone["test_error_low"])
    assert found["p"] < 0.05 and found["p"] <= found["q"] <= 1


def test_equal_points_do_not_differ():
    made = evaluation({FULL: same_for(3, 0.1), G1: same_for(3, 0.1)})
    (found,) = table("differences", made).to_dict("records")
    assert (found["difference"], found["p"]) == (0, 1)


def test_chance_is_not_called_a_difference():
    """Two approaches as good as each other: few of many repetitions find a difference."""
    low = []
    for repetition in range(40):
        drawn = [
            [
                wrong(0.1 + 0.01 * ((repetition + s) % 3), 100 * repetition + 10 * s + a)
                for s in (1, 2)
            ]
            for a in (0, 1)
        ]
        made = evaluation({FULL: drawn[0], G1: drawn[1]})
        low.append(table("differences", made)["p"][0] < 0.05)
    assert np.mean(low) <= 0.1


def test_differences_are_of_the_seeds_that_both_have():
    some = same_for(3, 0.1)
    made = evaluation({FULL: [None, *some[1:]], G1: [*same_for(2, 0.2), None]})
    (found,) = table("differences", made).to_dict("records")
    assert found["seeds"] == 1 and found["difference"] == pytest.approx(-0.1)
    assert np.isnan(found["p"])  # from so few seeds
    made = evaluation({FULL: [None, some[1]], G1: [some[0], None]})
    (found,) = table("differences", made).to_dict("records")
    assert found["seeds"] == 0 and np.isnan(found["difference"])


# Fronts


def test_hypervolume_by_hand(study):
    fronts = table("fronts", study)
    found = row(fronts[fronts["hypervolume"].notna()], approach="mothernets")
    cost, error = 1.1 * 10, 1.1 * 0.30
    assert (found["reference_cost"], found["reference_error"]) == pytest.approx((cost, error))
    area = (8 - 6) * (error - 0.15) + (cost - 8) * (error - 0.12)
    assert found["hypervolume"] == pytest.approx(area / (cost * error))
    assert found["hypervolume_low"] < found["hypervolume"] < found["hypervolume_high"]


def test_the_share_of_being_on_the_front(study):
    fronts = table("fronts", study)
    of_points = fronts[fronts["on_front"].notna()]
    shares = of_points.set_index(["approach", "budget"])["on_front"]
    assert len(shares) == 5
    assert shares["full_data", 0.5] == 1  # the cheapest
    assert shares["bagging", 1.0] == 0
    assert 0.9 < shares["full_data", 1.0] <= 1


# Budget curves

CURVE = np.array([[1.0, 0.30], [10.0, 0.20], [100.0, 0.10]])


@pytest.mark.parametrize(
    ("error", "cost"),
    [(0.30, 1), (0.25, 10**0.5), (0.20, 10), (0.15, 10**1.5), (0.10, 100)],
)
def test_a_curve_is_read_by_hand(error, cost):
    assert cost_at(error, CURVE) == pytest.approx(cost)
    assert error_at(cost, CURVE) == pytest.approx(error)


def test_nothing_is_extrapolated():
    assert np.isnan([cost_at(0.31, CURVE), cost_at(0.09, CURVE)]).all()
    assert np.isnan([error_at(0.9, CURVE), error_at(101, CURVE)]).all()
    assert np.isnan(cost_at(0.2, np.full((2, 2), np.nan)))
    assert np.isnan(error_at(1.0, np.empty((0, 2))))
    single = CURVE[1:2]
    assert (cost_at(0.2, single), error_at(10, single)) == pytest.approx((10, 0.2))


def test_a_point_that_is_no_better_than_a_cheaper_one_is_passed_over():
    worse = np.vstack([CURVE, [[50.0, 0.25], [200.0, 0.15]]])
    assert cost_at(0.15, worse) == pytest.approx(10**1.5)
    assert error_at(150, worse) == pytest.approx(0.10)  # it was run at up to 200


@given(
    st.lists(
        st.tuples(st.floats(1, 1e3), st.floats(0.01, 0.9)), min_size=1, max_size=6, unique=True
    ),
    st.floats(0.01, 0.9),
    st.floats(0.01, 0.9),
)
def test_less_error_never_costs_less(curve, one, other):
    curve = np.array(curve)
    dear, cheap = cost_at(min(one, other), curve), cost_at(max(one, other), curve)
    if np.isfinite([dear, cheap]).all():
        assert dear >= cheap * (1 - 1e-9)
        assert error_at(dear, curve) <= min(one, other) + 1e-9


# Two costs that differ by less than a curve's own rounding are one cost to it.
COST = st.floats(1, 1e3).map(lambda cost: round(cost, 6))


@given(
    st.lists(st.tuples(COST, st.floats(0.01, 0.9)), min_size=1, max_size=6),
    st.floats(0.01, 0.9),
    COST,
)
def test_curves_are_read_as_by_interpolation_between_their_best_points(curve, error, cost):
    curve = np.array(sorted(curve))
    better = [p for i, p in enumerate(curve) if not i or p[1] < curve[:i, 1].min()]
    costs, errors = np.array(better).T
    found = cost_at(error, curve)
    if errors[-1] <= error <= errors[0]:
        expected = np.exp(np.interp(-error, -errors, np.log(costs)))
        assert found == pytest.approx(expected, rel=1e-6)
    else:
        assert np.isnan(found)
    found = error_at(cost, curve)
    if costs[0] <= cost <= curve[:, 0].max():
        expected = np.interp(np.log(cost), np.log(costs), errors)
        assert found == pytest.approx(expected, rel=1e-6)
    elif not np.isclose([costs[0], curve[:, 0].max()], cost, rtol=1e-8).any():
        assert np.isnan(found)


def test_many_curves_are_read_at_once():
    curves = np.stack([CURVE, CURVE * [2, 1], CURVE[::-1]])
    np.testing.assert_allclose(cost_at(np.array([0.2, 0.2, 0.15]), curves), [10, 20, 10**1.5])
    found = error_at(np.array([10, 20, 0.5]), curves)
    np.testing.assert_allclose(found, [0.2, 0.2, np.nan])


def test_speed_up_and_gain_by_hand(study):
    speed_ups = table("equal_error", study)
    found = row(speed_ups, approach="mothernets", g=1, against="full_data")
    # Between (5, 0.20) and (10, 0.10), linearly in the logarithm of cost.
    assert found["speed_up"] == pytest.approx(np.sqrt(50) / 6)
    assert found["speed_up_low"] < found["speed_up"] < found["speed_up_high"]
    at_6 = 0.20 - 0.10 * np.log(6 / 5) / np.log(2)
    assert found["error_gain"] == pytest.approx(at_6 - 0.15)
    assert found["speed_up_reached"] > 0.99
    other = row(speed_ups, approach="mothernets", g=1, against="bagging")
    assert np.isnan(other["speed_up"]) and np.isnan(other["error_gain"])
    of_full_data = speed_ups[speed_ups["approach"] == "full_data"]
    assert set(of_full_data["against"]) == {"mothernets", "bagging"}


def test_the_cost_to_reach_full_datas_error():
    three = ("full_data", None, 1.0, 3)
    made = evaluation(
        {three: same_for(2, 0.15), FULL: same_for(2, 0.10), G1: same_for(2, 0.15)},
        COSTS | {three: 6.5},
    )
    costs = table("cost_to_reach", made)
    found = row(costs, approach="mothernets", networks=3)
    assert (found["error"], found["cost_to_reach"]) == pytest.approx((0.15, 6))
    assert np.isnan(row(costs, approach="mothernets", networks=5)["cost_to_reach"])
    assert row(costs, approach="full_data", networks=5)["cost_to_reach"] == pytest.approx(10)


def test_a_variant_of_full_data_is_no_goal_and_no_yardstick():
    made = evaluation({FULL: same_for(2, 0.10), G1: same_for(2, 0.15)}, COSTS)
    full = [run for run in made.evaluated if run.ensemble.approach == "full_data"]
    varied = [replace(run, ensemble=replace(run.ensemble, variant="stable")) for run in full]
    # As if the variant erred as much as MotherNets do, and stood first in the plan.
    hatched = [run for run in made.evaluated if run.ensemble.approach == "mothernets"]
    varied = [
        replace(run, values=other.values, replicates=other.replicates)
        for run, other in zip(varied, hatched, strict=True)
    ]
    both = replace(made, evaluated=(*varied, *made.evaluated))
    goals = table("cost_to_reach", both)[["networks", "error"]].drop_duplicates()
    assert goals.to_numpy().tolist() == [[5, pytest.approx(0.10)]]
    rows = {}
    for name, of in (("alone", made), ("both", both)):
        parts = table("components", of)
        rows[name] = row(parts, approach="mothernets", against="full_data")
    assert rows["alone"]["image_variance"] == rows["both"]["image_variance"]


# Points


def test_points_keep_the_order_of_the_plan(study):
    (of_ensemble,) = points(study).values()
    ids = [point.id for point in of_ensemble]
    assert [(id.approach, id.g, id.budget, id.size) for id in ids] == [
        FULL,
        HALF,
        G1,
        G2,
        BAGGING,
    ]


def test_bounds_are_what_a_curve_leaves_possible():
    curve = np.array([[1.0, 0.3], [4.0, 0.1]])
    assert [float(bound) for bound in cost_bounds(0.1, curve)] == [4, 4]
    assert [float(bound) for bound in cost_bounds(0.05, curve)] == [4, np.inf]  # not so good yet
    assert [float(bound) for bound in cost_bounds(0.4, curve)] == [0, 1]  # better already
    assert [float(bound) for bound in error_bounds(0.5, curve)] == [0.3, np.inf]
    assert [float(bound) for bound in error_bounds(8.0, curve)] == [-np.inf, 0.1]
    nothing = np.full((1, 2), np.nan)
    for unknown in (cost_bounds(0.1, nothing), cost_bounds(np.nan, curve)):
        assert [float(bound) for bound in unknown] == [0, np.inf]
    for unknown in (error_bounds(1.0, nothing), error_bounds(np.nan, curve)):
        assert [float(bound) for bound in unknown] == [-np.inf, np.inf]


@pytest.mark.filterwarnings("error")
def test_costs_of_two_very_different_seeds_stay_numbers():
    made = evaluation({FULL: same_for(2, 0.1)}, {FULL: 10.0})
    (point,) = next(iter(points(made).values()))
    uneven = [
        replace(run, cost=replace(run.cost, cpu_seconds=seconds))
        for run, seconds in zip(point.runs, (1.0, 1e6), strict=True)
    ]
    replicates = replace(point, runs=tuple(uneven)).cost_replicates("cpu_seconds")
    assert np.isfinite(replicates).all() and np.isfinite(10 / replicates).all()


def test_costs_of_seeds_vary_by_factors_and_stay_positive():
    made = evaluation({FULL: same_for(3, 0.1)}, {FULL: 10.0})
    (of_set,) = points(made).values()
    (point,) = of_set
    uneven = [
        replace(run, cost=replace(run.cost, cpu_seconds=seconds))
        for run, seconds in zip(point.runs, (4.0, 10.0, 16.0), strict=True)
    ]
    replicates = replace(point, runs=tuple(uneven)).cost_replicates("cpu_seconds")
    assert (replicates > 0).all() and np.median(replicates) == pytest.approx(10, rel=0.1)
    assert (point.cost_replicates("cpu_seconds") == 10).all()
