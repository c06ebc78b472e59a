"""Rows of a plan: each bills its lineage once, and the total every training once."""

import csv
import io

import pytest
from support.clockwork import calibrated
from support.lineages import billed, plan_of

from mnbench.planning.disk import record_bytes
from mnbench.planning.forecast import forecast, predicted_training_flops
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import seconds_of_trainings
from mnbench.timing.outlook import Outlook
from mnbench.timing.rows import largest_rows, plan_rows, rows_as_csv, whole_bill
from mnbench.timing.rows_table import MOST_ROWS

EVERYTHING = {
    "full_data": {"budgets": [0.5, 1]},
    "knowledge_distillation": None,
    "snapshot_ensembles": {"epochs_per_cycle": 2},
    "mothernets": {"g": [1, 2, 5]},
    "treenets": {"sizes": [3, 5]},
    "single_network": {"budgets": [1, 2]},
}


@pytest.fixture(scope="module")
def plan():
    """Return the plan of every kind of lineage."""
    return plan_of(seeds=(0,), **EVERYTHING)


def seconds_of(plan):
    return seconds_of_trainings(plan, CostModel(calibrated(plan)))


def test_a_row_bills_the_lineage_of_its_members_once(plan):
    seconds = seconds_of(plan)
    rows = plan_rows(plan, seconds)
    assert len(rows) == len(plan.ensembles)
    for row in rows:
        wanted = {key: getattr(row, key) for key in ("approach", "g", "budget", "size", "variant")}
        lineage = billed(plan, **wanted)
        bill = row.bill
        assert (row.seeds, bill.trainings) == (1, len(lineage))
        assert bill.networks == sum(len(plan.trainings[id].networks) for id in lineage)
        flops = [predicted_training_flops(plan.trainings[id], plan) for id in lineage]
        assert bill.training_flops == sum(flops)
        assert bill.disk_bytes == sum(record_bytes(plan, id) for id in lineage)
        totals = {id: one.total for id, one in seconds.items()}
        assert bill.device_seconds == pytest.approx(sum(totals[id] for id in lineage))

        def ends(id, totals=totals):
            return totals[id] + max(map(ends, plan.trainings[id].parents), default=0.0)

        assert bill.longest_chain_seconds == pytest.approx(max(map(ends, lineage)))


def test_seeds_add_up_side_by_side(plan):
    two = plan_of(seeds=(0, 1), **EVERYTHING)
    for one, both in zip(
        plan_rows(plan, seconds_of(plan)), plan_rows(two, seconds_of(two)), strict=True
    ):
        assert (one.seeds, both.seeds) == (1, 2)
        assert both.bill.trainings == 2 * one.bill.trainings
        assert both.bill.device_seconds == pytest.approx(2 * one.bill.device_seconds)
        chains = [row.bill.longest_chain_seconds for row in (one, both)]
        assert chains[0] == pytest.approx(chains[1])


def test_the_total_bills_shared_trainings_once(plan):
    total = whole_bill(plan, seconds_of(plan))
    assert total.trainings == len(plan.trainings)
    assert total.training_flops == sum(row.training_flops for row in forecast(plan))
    assert total.trainings < sum(row.bill.trainings for row in largest_rows(plan_rows(plan, {})))


def test_a_csv_file_has_every_row(plan):
    rows = plan_rows(plan, seconds_of(plan))
    read = list(csv.DictReader(io.StringIO(rows_as_csv(rows))))
    assert [int(row["size"]) for row in read] == [row.size for row in rows]
    hours = [float(row["device_hours"]) * 3600 for row in read]
    assert hours == pytest.approx([row.bill.device_seconds for row in rows])


def test_the_terminal_has_about_thirty_rows_and_says_where_the_others_are():
    plan = plan_of(full_data={"budgets": [0.1 * n for n in range(1, 41)]}, recipe={"epochs": 100})
    lines = Outlook.of(plan, calibrated(plan)).text().splitlines()
    assert len([line for line in lines if line.startswith("full_data")]) == MOST_ROWS
    assert "and 10 more; --csv FILE has all of them, of every size" in lines


def test_what_was_not_measured_is_said(plan):
    whole = calibrated(plan)
    assert "were not measured" not in Outlook.of(plan, whole).text()
    less = type(whole)(whole.machine, whole.measured[:3], 0.5, 0.5)
    said = Outlook.of(plan, less).text()
    assert "kinds of steps were not measured" in said and "was busy" in said
