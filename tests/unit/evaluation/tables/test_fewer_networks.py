"""Table ``fewer_networks``: the most whole networks that a cost pays for, and how much they err."""

from dataclasses import replace

import numpy as np
import pytest
from support.evaluations import evaluation, same_for, table

COSTS = {size: 2.0 * size for size in range(1, 6)}
ERRORS = {1: 0.20, 2: 0.16, 3: 0.13, 4: 0.12, 5: 0.11}
HALF, KD = ("full_data", None, 0.5, 5), ("knowledge_distillation", None, 1.0, 5)
G1, G2, G5 = (("mothernets", g, 1.0, 5) for g in (1, 2, 5))
FULL = {size: ("full_data", None, 1.0, size) for size in COSTS}


def rows(points, seeds=3, **options):
    """Return the table's rows by (approach, g, budget), of points given as (error, cost)."""
    errors = {FULL[size]: same_for(seeds, error) for size, error in ERRORS.items()}
    costs = {FULL[size]: cost for size, cost in COSTS.items()}
    errors |= {name: same_for(seeds, error) for name, (error, _) in points.items()}
    costs |= {name: cost for name, (_, cost) in points.items()}
    found = table("fewer_networks", evaluation(errors, costs, **options)).to_dict("records")
    return {
        (row["approach"], None if row["approach"] != "mothernets" else row["g"], row["budget"]): row
        for row in found
    }


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
    assert g1["error_gain_low"] < -0.02 < g1["error_gain_high"] < 0 and g1["p"] < 0.05
    assert g2["p"] == 1


def test_what_pays_for_no_network_or_for_all_has_no_row():
    found = rows({G1: (0.15, 1.9), G2: (0.12, 10.0), KD: (0.1, 12.0)})
    assert not found


def test_a_cost_that_rounding_made_smaller_still_pays():
    found = rows({G1: (0.15, 6.0 * (1 - 1e-15))})
    assert found["mothernets", 1, 1]["networks"] == 3


def test_one_seed_or_two_have_an_interval_and_no_p():
    for seeds in (1, 2):
        found = rows({G1: (0.15, 7.0)}, seeds)["mothernets", 1, 1]
        assert np.isnan(found["p"])
        assert found["error_gain_low"] < -0.02 < found["error_gain_high"]


def test_only_seeds_that_all_have_a_time_of_count_on_a_time_axis():
    shared = [(FULL[2], 0), (G1, 1)]
    found = rows({G1: (0.15, 7.0)}, shared=shared)["mothernets", 1, 1]
    assert (found["seeds"], found["networks"]) == (1, 3)


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
