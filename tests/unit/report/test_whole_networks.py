"""Tables for people: what fewer networks of Full Data, trained in whole, err for as much."""

import pandas as pd
import pytest

from mnbench.report.overview import summary_table
from mnbench.report.whole_networks import HEADING, affordable, whole_networks_cell

MEASURED = ("test_error", "mean_member_error", "disagreement", "calibration_error", "cpu_seconds")


def measured(approach, flops, error, *, size=5, budget=1.0, variant="", full_size=True):
    row = {"approach": approach, "g": None, "size": size, "budget": budget, "variant": variant}
    values = dict.fromkeys(MEASURED, 0.5) | {"test_error": error, "training_flops": flops}
    row |= {
        f"{name}{end}": value for name, value in values.items() for end in ("", "_low", "_high")
    }
    counts = {"seeds": 3, "timed_seeds": 3, "epochs": 5, "full_size": full_size}
    return row | counts | {"combination": "average", "evaluated_on": "test"}


def estimates(*others):
    fewer = [
        measured("full_data", 1e12 * m, 0.2 - m / 100, size=m, full_size=m == 5)
        for m in range(1, 6)
    ]
    return pd.DataFrame([*fewer, *others]).astype({"g": "Int64"})


HALF = measured("full_data", 2.5e12, 0.18, budget=0.5)
OTHER = measured("bagging", 3e12, 0.19)


@pytest.mark.parametrize(
    ("most", "networks"),
    [(0.9e12, None), (1e12, 1), (2.9e12, 2), (3e12 * (1 - 1e-15), 3), (9e12, 5)],
)
def test_a_cost_pays_for_whole_networks_of_the_plain_budget(most, networks):
    row = affordable(estimates(HALF, OTHER), most, "training_flops")
    assert (None if row is None else row["size"]) == networks
    if row is not None:
        assert row["budget"] == 1 and row["approach"] == "full_data"


def test_other_ways_of_combining_do_not_count():
    rows = estimates()
    rows["combination"] = "vote"
    assert affordable(rows, 9e12, "training_flops") is None


def test_a_cell_has_their_number_and_error_and_full_data_itself_has_none():
    rows = estimates(HALF, OTHER)
    cells = [whole_networks_cell(row, rows) for row in rows[rows["full_size"]].to_dict("records")]
    assert cells == ["", "2: 18.00", "3: 17.00"]


def test_a_summary_has_the_column_only_where_the_study_has_full_data():
    head, _, *lines = summary_table(estimates(HALF, OTHER)).splitlines()
    place = head.split(" | ").index(HEADING)
    assert [line.split(" | ")[place] for line in lines] == ["2: 18.00", "3: 17.00", ""]
    alone = pd.DataFrame([OTHER]).astype({"g": "Int64"})
    assert HEADING not in summary_table(alone)
