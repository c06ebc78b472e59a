"""Table ``fewer_networks``: the most whole networks that a cost pays for, and how much they err."""

from dataclasses import replace

import pytest
from support.evaluations import evaluation, same_for, table

COSTS = {size: 2.0 * size for size in range(1, 6)}
ERRORS = {1: 0.20, 2: 0.16, 3: 0.13, 4: 0.12, 5: 0.11}
HALF, KD = ("full_data", None, 0.5, 5), ("knowledge_distillation", None, 1.0, 5)
G1, G2, G5 = (("mothernets", g, 1.0, 5) for g in (1, 2, 5))
FULL = {size: ("full_data", None, 1.0, size) for size in COSTS}


def study(points, full_data=ERRORS, seeds=3, missing=(), shared=()):
    """Make up an evaluation of points given as (error, cost), and of Full Data's sizes."""
    runs = {FULL[size]: same_for(seeds, error) for size, error in full_data.items()}
    costs = {FULL[size]: cost for size, cost in COSTS.items()}
    runs |= {name: same_for(seeds, error) for name, (error, _) in points.items()}
    costs |= {name: cost for name, (_, cost) in points.items()}
    for name, seed in missing:
        runs[name][seed] = None
    return evaluation(runs, costs, shared)


def rows(*made, cost="cpu_seconds", **options):
    """Return the table's rows by (approach, g, budget)."""
    found = table("fewer_networks", study(*made, **options), cost).to_dict("records")
    return {
        (row["approach"], None if row["approach"] != "mothernets" else row["g"], row["budget"]): row
        for row in found
    }


def cheap(cost):
    return replace(cost, cpu_seconds=cost.cpu_seconds / 1.7)


def test_a_cost_pays_for_so_many_whole_networks_and_they_are_compared_in_pairs():
    found = rows({G1: (0.15, 7.0), G2: (0.12, 8.0), HALF: (0.14, 5.0)})
    g1, g2, half = (
        found["mothernets", 1, 1],
        found["mothernets", 2, 1],
        found["full_data", None, 0.5],
    )
    assert (g1["networks"], g2["networks"], half["networks"]) == (3, 4, 2)
    assert g1["cost_share"] == pytest.approx(6 / 7) and g2["cost_share"] == 1
    assert g1["error_gain"] == pytest.approx(-0.02) and g2["error_gain"] == 0
    assert half["error_gain"] == pytest.approx(0.02) and half["seeds"] == 3
    assert g1["error_gain_low"] < -0.02 < g1["error_gain_high"] < 0
    assert g2["error_gain_low"] == 0 == g2["error_gain_high"]  # the same images are wrong


def test_what_pays_for_no_network_or_for_all_has_no_row():
    found = rows({G1: (0.15, 1.9), G2: (0.12, 10.0), KD: (0.1, 12.0)})
    assert not found


def test_a_cost_that_rounding_made_smaller_still_pays():
    found = rows({G1: (0.15, 6.0 * (1 - 1e-15))})
    assert found["mothernets", 1, 1]["networks"] == 3


def test_the_most_that_a_cost_pays_for_are_compared_and_not_the_best():
    errors = ERRORS | {2: 0.12, 3: 0.14}
    found = rows({G1: (0.15, 7.0)}, errors)["mothernets", 1, 1]
    assert found["networks"] == 3 and found["error_gain"] == pytest.approx(-0.01)


def test_a_variant_of_full_data_is_a_point_and_no_rival():
    made = study({G1: (0.15, 7.0)})
    variants = [
        replace(run, ensemble=replace(run.ensemble, variant="wide"), cost=cheap(run.cost))
        for run in made.evaluated
        if run.ensemble.approach == "full_data"
    ]
    made = replace(made, evaluated=(*made.evaluated, *variants))
    found = table("fewer_networks", made)
    assert set(found["variant"]) == {"", "wide"}
    assert found.loc[found["approach"] == "mothernets", "networks"].tolist() == [3]


def test_one_seed_has_an_interval_of_the_images():
    found = rows({G1: (0.15, 7.0)}, seeds=1)["mothernets", 1, 1]
    assert found["error_gain_low"] < -0.02 < found["error_gain_high"]


def test_each_size_is_compared_on_the_seeds_that_have_a_time_of_both():
    others = [(FULL[1], 0), (FULL[1], 1), (FULL[2], 0), (FULL[5], 2)]
    found = rows({G1: (0.15, 7.0)}, shared=others)["mothernets", 1, 1]
    assert (found["seeds"], found["networks"]) == (3, 3)
    found = rows({G1: (0.15, 7.0)}, shared=[*others, (FULL[3], 0), (G1, 1)])["mothernets", 1, 1]
    assert (found["seeds"], found["networks"]) == (1, 3)


@pytest.mark.parametrize(
    ("untimed", "cost"), [((2, 3, 4, 5), 7.0), ((5,), 11.0), ((4,), 7.0), ((1,), 7.0)]
)
def test_no_row_says_how_many_where_times_do_not_tell(untimed, cost):
    shared = [(FULL[size], seed) for size in untimed for seed in range(3)]
    assert not rows({G1: (0.15, cost)}, shared=shared)
    flops = rows({G1: (0.15, cost)}, shared=shared, cost="training_flops")
    assert len(flops) == (cost < 10)


def test_a_missing_record_of_all_networks_costs_no_seed_of_the_others():
    found = rows({G1: (0.15, 7.0)}, missing=[(FULL[5], 0)])["mothernets", 1, 1]
    assert (found["seeds"], found["networks"]) == (3, 3)


def test_the_same_networks_under_another_name_are_no_rival():
    made = evaluation(
        {FULL[size]: same_for(3, ERRORS[size]) for size in (1, 2, 5)},
        {FULL[size]: COSTS[size] for size in (1, 2, 5)},
    )
    first = [run for run in made.evaluated if run.ensemble.size == 1]
    alone = [
        replace(run, ensemble=replace(run.ensemble, approach="single_network"), full_size=True)
        for run in first
    ]
    made = replace(made, evaluated=(*made.evaluated, *alone))
    assert table("fewer_networks", made).empty


def test_without_full_data_the_table_is_empty():
    assert table("fewer_networks", evaluation({G1: same_for(3, 0.1), G5: same_for(3, 0.1)})).empty
