"""Table ``summary``: costs of lineages, and metrics of the members' predictions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax
from support.toy_records import LABELS, TREE, A, B, change_predictions, summary_of

from mnbench.evaluation import metrics
from mnbench.evaluation.combination import average, super_learner_weights, vote
from mnbench.evaluation.metrics import pairwise
from mnbench.evaluation.tables import summary
from mnbench.records.predictions import read_predictions


def test_summary_has_the_documented_columns_and_a_row_an_ensemble(records):
    frame = summary_of(records)
    assert list(frame.columns) == list(summary.COLUMNS)
    assert len(frame) == 6
    assert frame["g"].dtype == "Int64"
    assert frame["g"].tolist() == [pd.NA, pd.NA, 1, 2, pd.NA, pd.NA]
    assert (frame["seed"] == 7).all(), "the repetition's seed, not the training's"
    assert all(summary.COLUMNS.values())


def test_every_ancestor_is_billed_once(records):
    frame = summary_of(records)
    columns = ["epochs", "examples", "training_flops", "device_seconds", "cpu_seconds"]
    expected = [
        [10, 1000, 100, 1.0, 2.0],  # a
        [20, 2000, 400, 4.0, 8.0],  # a + b
        [15, 1500, 190, 1.5, 3.0],  # one MotherNet, shared by a_g1 and b_g1
        [20, 2000, 400, 4.0, 8.0],  # g = 2 is Full Data
        [10, 1000, 350, 3.5, 7.0],  # one joint training
        [8, 800, 80, 1.0, 2.25],  # a path: cycle 1 is member and parent, and billed once
    ]
    np.testing.assert_allclose(frame[columns].astype(float), expected)
    assert frame["peak_memory_bytes"].tolist() == [50, 70, 90, 70, 80, 30]
    assert frame["trainings"].tolist() == [1, 2, 3, 2, 1, 2]


def log_probabilities_of(folder, split="test") -> np.ndarray:
    return log_softmax(read_predictions(folder, split).logits.astype(np.float64), axis=-1)


def test_measures_are_those_of_the_members_test_predictions(records):
    frame = summary_of(records)
    pair = [log_probabilities_of(records / record) for record in (A, B)]
    held_out = [log_probabilities_of(records / record, "validation") for record in (A, B)]
    weights = super_learner_weights(np.concatenate(held_out), LABELS)
    both = np.concatenate(pair)
    for row, answers in ((1, both), (4, log_probabilities_of(records / TREE))):
        answer, found = average(answers), frame.iloc[row]
        predicted = answers.argmax(axis=-1)
        for column, measure in {
            "test_error": metrics.error_rate(answer, LABELS),
            "negative_log_likelihood": metrics.negative_log_likelihood(answer, LABELS),
            "brier_score": metrics.brier_score(answer, LABELS),
            "calibration_error": metrics.calibration_error(answer, LABELS),
            "risk_coverage": metrics.area_under_risk_coverage(answer, LABELS),
            "mean_member_error": metrics.member_error_rate(predicted, LABELS),
            "disagreement": pairwise.disagreement(predicted),
            "q_statistic": pairwise.q_statistic(pairwise.pairs(predicted, LABELS)),
            "error_correlation": pairwise.error_correlation(pairwise.pairs(predicted, LABELS)),
            "divergence": pairwise.divergence(answers),
            "vote_error": metrics.error_rate(vote(answers), LABELS),
            "oracle_error": metrics.oracle_error_rate(predicted, LABELS),
        }.items():
            assert found[column] == pytest.approx(measure.value(), nan_ok=True), column
    learned = metrics.error_rate(average(both, weights), LABELS).value()
    assert frame.loc[1, "super_learner_error"] == learned
    assert np.isnan(frame["disagreement"][0])
    assert frame.loc[1, "test_error"] == frame.loc[3, "test_error"]


def test_what_is_fitted_sees_validation_images_only(records):
    """Whatever the test images' logits are, temperature and weights stay."""
    before = summary_of(records)["temperature"]
    for record in (A, B):
        change_predictions(records / record, test_logits=lambda logits: -3 * logits)
    pd.testing.assert_series_equal(summary_of(records)["temperature"], before)
