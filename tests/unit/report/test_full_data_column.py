"""Tables for people: what fewer networks of Full Data err for no more FLOPs."""

import pandas as pd
import pytest

from mnbench.evaluation.whole_networks import whole_networks_for
from mnbench.report.full_data_column import FULL_DATA_HEADING, full_data_cell
from mnbench.report.overview import summary_table

MEASURED = ("test_error", "mean_member_error", "disagreement", "calibration_error", "cpu_seconds")


def measured(approach, flops, error, *, g=None, size=5, budget=1.0, variant="", full_size=True):
    row = {"approach": approach, "g": g, "size": size, "budget": budget, "variant": variant}
    row |= {"architecture_set": "v5-small"}
    values = dict.fromkeys(MEASURED, 0.5) | {"test_error": error, "training_flops": flops}
    row |= {
        f"{name}{end}": value for name, value in values.items() for end in ("", "_low", "_high")
    }
    counts = {"seeds": 3, "timed_seeds": 3, "epochs": 5, "full_size": full_size}
    return row | counts | {"combination": "average", "evaluated_on": "test"}


def estimates(*others):
    fewer = [
        measured("full_data", 1e12 * m, error, size=m, full_size=m == 5)
        for m, error in enumerate((0.19, 0.16, 0.17, 0.15, 0.14), start=1)
    ]
    fewer.append(measured("full_data", 1e11, 0.01, variant="wide"))
    return pd.DataFrame([*fewer, *others]).astype({"g": "Int64"})


HALF = measured("full_data", 2.5e12, 0.18, budget=0.5)
OTHER = measured("bagging", 3e12, 0.19)


@pytest.mark.parametrize(
    ("most", "networks"),
    [(0.9e12, None), (1e12, 1), (2.9e12, 2), (3e12 * (1 - 1e-15), 3), (9e12, 5)],
)
def test_a_cost_pays_for_whole_networks_of_the_plain_budget(most, networks):
    row = whole_networks_for(estimates(HALF, OTHER), most)
    assert (None if row is None else row["size"]) == networks
    if row is not None:
        assert (row["approach"], row["budget"], row["variant"]) == ("full_data", 1, "")


def test_of_a_set_that_full_data_has_in_part_a_cost_may_pay_for_more_than_there_are():
    larger = measured("mothernets", 9e12, 0.2, g=1, size=100)
    rows = estimates(larger).assign(architecture_set="v100-small")
    assert whole_networks_for(rows, 9e12) is None and full_data_cell(larger, rows) == ""
    assert whole_networks_for(rows, 4.9e12)["size"] == 4
    assert full_data_cell(larger | {"training_flops": 4.9e12}, rows) == "4 networks: 15.00"
    elsewhere = estimates(larger).assign(architecture_set="of another checkout")
    assert whole_networks_for(elsewhere, 9e12)["size"] == 5
    snapshots = measured("mothernets", 9e12, 0.2, g=1, size=10)  # two of each network
    assert full_data_cell(snapshots, estimates(snapshots)) == "5 networks: 14.00"


def test_other_ways_of_combining_do_not_count():
    rows = estimates()
    rows["combination"] = "vote"
    assert whole_networks_for(rows, 9e12) is None


def test_a_cell_has_their_number_and_error_and_these_networks_themselves_have_none():
    last = measured("mothernets", 5e12, 0.14, g=5)
    rows = estimates(HALF, OTHER, last, measured("mothernets", 2e12, 0.2, g=1))
    cells = {
        (row["approach"], row["budget"], row["variant"], row["size"]): full_data_cell(row, rows)
        for row in rows[rows["full_size"]].to_dict("records")
        if row["g"] != 1
    }
    assert cells == {
        ("full_data", 1.0, "", 5): "",
        ("full_data", 1.0, "wide", 5): "",  # cheaper than one network
        ("full_data", 0.5, "", 5): "2 networks: 16.00",
        ("bagging", 1.0, "", 5): "3 networks: 17.00",
        ("mothernets", 1.0, "", 5): "",
    }
    dear = measured("full_data", 4e12, 0.1, variant="wide")
    assert full_data_cell(dear, rows) == "4 networks: 15.00"
    assert full_data_cell(OTHER | {"seeds": 2}, rows) == ""  # a mean over other seeds
    both = rows.assign(seeds=[2] * len(rows))
    assert full_data_cell(OTHER | {"seeds": 2}, both) == "3 networks: 17.00"
    both.loc[both["approach"] == "mothernets", "seeds"] = 3
    assert full_data_cell(OTHER | {"seeds": 2}, both) == ""  # perhaps of other two seeds


def test_a_summary_has_the_column_only_where_the_study_has_full_data():
    head, _, *lines = summary_table(estimates(HALF, OTHER)).splitlines()
    place = head.split(" | ").index(FULL_DATA_HEADING)
    cells = [line.split(" | ")[place] for line in lines]
    assert cells == ["", "2 networks: 16.00", "3 networks: 17.00", ""]
    alone = pd.DataFrame([OTHER]).astype({"g": "Int64"})
    assert FULL_DATA_HEADING not in summary_table(alone)
