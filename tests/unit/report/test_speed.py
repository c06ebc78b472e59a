"""Benchmarks' tables: ratios are of pairs, and have their spread beside them."""

import pandas as pd
import pytest

from mnbench.errors import UserError
from mnbench.report.speed import (
    Speed,
    exponent,
    growth_table,
    lines_table,
    pairs_table,
    peers_table,
    speed_ratio,
)


def pairs(**more: list) -> pd.DataFrame:
    """Three pairs: half the seconds, a third, and as many, of twice the work."""
    return pd.DataFrame(
        {
            "way": "ours",
            "against": "theirs",
            "unit": "images",
            "amount": 200,
            "seconds": [1.0, 1.0, 1.0],
            "against_amount": 100,
            "against_seconds": [2.0, 3.0, 1.0],
            "against_fit_seconds": [1.0, 1.5, 0.5],
        }
        | more
    )


def test_a_ratio_is_the_median_over_pairs_with_their_spread():
    ratio = speed_ratio(pairs())
    assert (ratio.median, ratio.minimum, ratio.maximum, ratio.pairs) == (4.0, 2.0, 6.0, 3)
    assert str(ratio) == "4.00 (2.00 to 6.00)"


def test_a_line_has_both_median_rates_and_the_ratio():
    names, _, line = pairs_table(pairs()).splitlines()
    assert names == "| | images/s | against | images/s | ratio (min to max) |"
    assert line == "| ours | 200 | theirs | 50.00 | 4.00 (2.00 to 6.00) |"


def test_shares_of_time_and_memory_are_ours_over_theirs():
    columns = {}
    for column, ours in (("wall_seconds", 1.0), ("cpu_seconds", 2.0), ("peak_mib", 300.0)):
        columns |= {column: ours, f"against_{column}": [4.0, 4.0, 2.0]}
    line = peers_table(pairs(**columns)).splitlines()[-1]
    assert line.startswith(
        "| theirs | ours | 4.00 (2.00 to 6.00) | 2.00 (1.00 to 3.00) | 0.25 (0.25 to 0.50) | 0.50"
    )


def test_an_aim_that_is_missed_is_said_and_bold(tmp_path):
    good = {"wall_seconds": 1.0, "against_wall_seconds": 4.0, "peak_mib": 300.0}
    good |= {"against_peak_mib": 400.0, "cpu_seconds": 9.0, "against_cpu_seconds": 1.0}
    pairs(**good).to_csv(tmp_path / "peers.csv", index=False)
    assert Speed(tmp_path).missed_by_peers().endswith("no more memory. All are reached.")
    slow = {"against_seconds": [0.5] * 3, "against_peak_mib": 200.0}
    pairs(**(good | slow)).to_csv(tmp_path / "peers.csv", index=False)
    assert Speed(tmp_path).missed_by_peers().endswith("no more memory. **Missed:** 2, in bold.")
    line = Speed(tmp_path).peers().splitlines()[-1]
    assert "| **1.00 (1.00 to 1.00)** |" in line and "| **1.50 (1.50 to 1.50)** |" in line
    assert line.count("**") == 4


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_cost_that_is_a_power_of_a_quantity_has_that_exponent(power):
    assert exponent([1, 2, 8], [3, 3 * 2**power, 3 * 8**power]) == pytest.approx(power)


def test_growth_has_the_medians_of_repeats_and_an_exponent_of_each_cost():
    rows = [
        {"quantity": "seeds", "value": n, "repeat": r, "cpu_seconds": n * s, "training_flops": n**2}
        for n in (1, 2, 4)
        for r, s in enumerate((1.0, 2.0, 9.0))
    ]
    line = growth_table(pd.DataFrame(rows)).splitlines()[-1]
    assert line == "| seeds | 1, 2, 4 | 2.00, 4.00, 8.00 | 0.0, 0.0, 0.0 | 1.00 | 2.00 |"


def test_what_was_not_measured_is_an_error_that_names_the_script(tmp_path):
    speed = Speed(tmp_path)
    with pytest.raises(UserError, match=r"no_such.csv: .*; run benchmarks/no_such.py"):
        speed["no_such"]
    pairs().to_csv(tmp_path / "some.csv", index=False)
    with pytest.raises(KeyError, match="were not compared"):
        speed.ratio("some", "ours", "another")
    assert speed.ratio("some", "ours", "theirs") == speed_ratio(pairs())


def test_lines_have_as_many_digits_in_a_column():
    rows = pd.DataFrame({"of": ["a", "b"], "networks": [1, 5000], "cpu_seconds": [0.3, 36.76]})
    assert lines_table(rows).splitlines() == [
        "| of | networks | CPU-seconds |",
        "|---|--:|--:|",
        "| a | 1 | 0.30 |",
        "| b | 5,000 | 36.76 |",
    ]


def test_how_busy_the_machine_was_is_said_where_something_was_timed(tmp_path):
    about = {"date": "2026-01-01", "processor": "one", "cores": 2, "torch": "2", "pairs": "once"}
    rows = [about | {"script": "a", "load": 1.5}, about | {"script": "b", "load": None}]
    pd.DataFrame(rows).to_csv(tmp_path / "about.csv", index=False)
    assert (
        Speed(tmp_path)
        .where("a")
        .endswith("once. Waiting for the processor when it began: 1.5 processes.")
    )
    assert Speed(tmp_path).where("b").endswith("torch 2, once.")
