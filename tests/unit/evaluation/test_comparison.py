"""Two studies side by side."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.evaluations import evaluation, wrong

from mnbench.errors import UserError
from mnbench.evaluation.comparison import COLUMNS, compare
from mnbench.report.side_by_side import side_by_side

FULL, G1 = ("full_data", None, 1.0, 5), ("mothernets", 1, 1.0, 5)


def same_for(seeds: int, error: float) -> list[np.ndarray]:
    return [wrong(error, seed) for seed in range(seeds)]


def test_a_study_does_not_differ_from_itself():
    one = evaluation({FULL: same_for(3, 0.1), G1: same_for(3, 0.2)})
    table = compare(one, one, "cpu_seconds")
    assert list(table.columns) == list(COLUMNS) and len(table) == 2
    assert (table[["difference", "difference_low", "difference_high"]] == 0).all(axis=None)
    np.testing.assert_allclose(table[["cost_ratio", "cost_ratio_low", "cost_ratio_high"]], 1)
    assert (table["p"] == 1).all()


def test_a_difference_is_the_seconds_less_the_firsts():
    before = evaluation({FULL: same_for(3, 0.3), G1: same_for(3, 0.2)}, {FULL: 10.0, G1: 5.0})
    after = evaluation({FULL: same_for(2, 0.1), G1: same_for(2, 0.2)}, {FULL: 20.0, G1: 5.0})
    table = compare(before, after, "cpu_seconds").set_index("approach")
    full = table.loc["full_data"]
    assert full["seeds"] == 2
    assert full["difference"] == pytest.approx(-0.2)
    assert full["difference_low"] < -0.2 < full["difference_high"]
    assert full["cost_ratio"] == pytest.approx(2) and full["first_error"] == pytest.approx(0.3)
    assert table.loc["mothernets", "difference"] == 0
    said = side_by_side(compare(before, after, "cpu_seconds"), "before", "after", "cpu_seconds")
    assert "## fashion_mnist, v5-small: after less before, over 2 seeds" in said
    assert "| Full Data | 5 networks | 30.00 | 10.00 | -20.00 (" in said


def test_seeds_are_paired_where_one_study_has_more_of_them():
    errors = [0.08, 0.10, 0.13, 0.11, 0.09]
    runs = [wrong(error, seed) for seed, error in enumerate(errors)]
    three, five = evaluation({FULL: runs[:3]}), evaluation({FULL: runs})
    for first, second in ((three, five), (five, three)):
        (row,) = compare(first, second, "training_flops").to_dict("records")
        assert row["seeds"] == 3 and row["p"] == 1
        assert row["difference_low"] == row["difference"] == row["difference_high"] == 0


def test_a_comparison_is_the_same_whichever_further_seeds_a_study_has():
    before = [wrong(0.2 + 0.02 * seed, seed) for seed in range(4)]
    after = [wrong(0.1 + 0.03 * seed, 10 + seed) for seed in range(4)]
    alone = compare(evaluation({FULL: before[:3]}), evaluation({FULL: after[:3]}), "examples")
    more = compare(evaluation({FULL: before[:3]}), evaluation({FULL: after}), "examples")
    pd.testing.assert_frame_equal(alone, more)


def test_costs_are_compared_on_the_seeds_that_were_timed_in_both():
    one = evaluation({FULL: same_for(3, 0.1)}, {FULL: 10.0}, shared=[(FULL, 0)])
    other = evaluation({FULL: same_for(5, 0.1)}, {FULL: 20.0}, shared=[(FULL, 1), (FULL, 2)])
    table = compare(one, other, "cpu_seconds")
    assert table["cost_ratio"].isna().all() and table["difference"].tolist() == [0]
    slow_start = evaluation({FULL: same_for(3, 0.1)}, {FULL: 10.0})
    costly = replace(slow_start.evaluated[0].cost, cpu_seconds=1000.0)
    slow_start = replace(
        slow_start,
        evaluated=(replace(slow_start.evaluated[0], cost=costly), *slow_start.evaluated[1:]),
    )
    table = compare(one, slow_start, "cpu_seconds")
    assert table["cost_ratio"].tolist() == [1.0]


def test_only_what_both_have_is_compared():
    one = evaluation({FULL: same_for(2, 0.1), G1: same_for(2, 0.2)})
    other = evaluation({G1: [None, wrong(0.1, 1)]})
    table = compare(one, other, "cpu_seconds")
    assert table["g"].tolist() == [1] and table["seeds"].tolist() == [1]
    with pytest.raises(UserError, match="no full-size ensemble and seed in common"):
        compare(
            evaluation({FULL: same_for(1, 0.1)}), evaluation({G1: same_for(1, 0.1)}), "examples"
        )
    fewer = evaluation({FULL: [wrong(0.1, 0, images=100)]})
    with pytest.raises(UserError, match="the same images"):
        compare(one, fewer, "examples")


def test_a_wider_network_is_as_large_as_the_ensemble():
    one = evaluation({("wider_network", None, 1.0, 5): same_for(1, 0.1)})
    said = side_by_side(compare(one, one, "cpu_seconds"), "a", "b", "cpu_seconds")
    assert "| One wider network | as large as 5 networks | 10.00 |" in said


def test_times_on_a_shared_device_are_not_compared():
    one = evaluation({FULL: same_for(1, 0.1)}, shared=[(FULL, 0)])
    table = compare(one, one, "cpu_seconds")
    assert table["cost_ratio"].isna().all() and (table["difference"] == 0).all()
    assert compare(one, one, "training_flops")["cost_ratio"].tolist() == [1.0]


def test_the_command_takes_folders_or_names(trained):
    done = subprocess.run(
        [sys.executable, "-m", "mnbench", "compare", trained.root, trained.root],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "| Full Data | 5 networks |" in done.stdout and "+0.00 (0.00 to 0.00)" in done.stdout
    wrong_name = subprocess.run(
        [sys.executable, "-m", "mnbench", "compare", "no-such-study", trained.root],
        capture_output=True,
        text=True,
    )
    assert wrong_name.returncode == 2
    assert wrong_name.stderr.startswith("mnbench: results/no-such-study/plan.json: ")
