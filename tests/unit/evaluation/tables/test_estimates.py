"""Intervals of two seeds are wide, and end all the same where what they are of does."""

from dataclasses import replace

import numpy as np
import pytest
from support.claim_evidence import FULL, G1
from support.evaluations import evaluation, table, wrong

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.evaluate import METRICS
from mnbench.evaluation.tables.estimates import RANGES


def row_of(first: float, second: float) -> dict:
    """Return the row of a point with two seeds: each of its metrics has these values."""
    made = evaluation({FULL: [wrong(0.1), wrong(0.2)]})
    replicates = next(iter(made.evaluated[0].replicates.values()))
    runs = [
        replace(
            run,
            values={(AVERAGE, metric): value for metric in METRICS},
            replicates={(AVERAGE, metric): np.full_like(replicates, value) for metric in METRICS},
        )
        for run, value in zip(made.evaluated, (first, second), strict=True)
    ]
    rows = table("estimates", replace(made, evaluated=tuple(runs)))
    return rows[rows["combination"] == AVERAGE].iloc[0].to_dict()


@pytest.mark.parametrize("metric", METRICS)
def test_no_interval_goes_beyond_what_its_metric_can_be(metric):
    lowest = -1 if metric in ("q_statistic", "error_correlation") else 0
    highest = {"negative_log_likelihood": np.inf, "divergence": np.inf, "brier_score": 2}
    assert RANGES[metric] == (lowest, highest.get(metric, 1))
    row = row_of(0.05, 0.95)
    assert row[metric] == 0.5 and row[f"{metric}_low"] == lowest
    if np.isfinite(RANGES[metric][1]):
        assert row[f"{metric}_high"] == RANGES[metric][1]
    else:
        assert row[f"{metric}_high"] > 2


@pytest.mark.parametrize("metric", METRICS)
def test_an_interval_inside_the_range_is_left_as_it_is(metric):
    row = row_of(0.5, 0.501)
    assert 0.4 < row[f"{metric}_low"] < 0.5005 < row[f"{metric}_high"] < 0.6


def test_a_hypervolume_is_a_fraction():
    made = evaluation(
        {FULL: [wrong(0.2), wrong(0.2)], G1: [wrong(0.0), wrong(0.1)]}, {FULL: 10.0, G1: 0.1}
    )
    rows = table("fronts", made)
    rows = rows[rows["hypervolume"].notna()]
    assert rows["hypervolume_high"].max() == 1 and rows["hypervolume_low"].min() >= 0
