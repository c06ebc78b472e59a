"""Measures: by hand, against scikit-learn and torchmetrics, and on weighted images."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as sklearn
from support.answers import answers, of, random_answers, random_weights
from torchmetrics.functional import classification as torchmetrics

from mnbench.evaluation import metrics
from mnbench.evaluation.combination import average
from mnbench.evaluation.metrics import MeanMetric, resample

OF_ANSWERS = (
    metrics.error_rate,
    metrics.negative_log_likelihood,
    metrics.brier_score,
    metrics.calibration_error,
    metrics.area_under_risk_coverage,
)


def test_two_networks_by_hand():
    both = of([[0.9, 0.1], [0.6, 0.4]], [[0.34, 0.66], [0.16, 0.84]])
    labels = np.array([0, 0])
    answer = average(both)
    np.testing.assert_allclose(answer.probabilities, [[0.62, 0.38], [0.38, 0.62]])
    assert metrics.error_rate(answer, labels).value() == 0.5
    assert metrics.member_error_rate(both.argmax(-1), labels).value() == 0.5
    assert metrics.oracle_error_rate(both.argmax(-1), labels).value() == 0.0
    expected = -(np.log(0.62) + np.log(0.38)) / 2
    assert metrics.negative_log_likelihood(answer, labels).value() == pytest.approx(expected)
    assert metrics.brier_score(answer, labels).value() == pytest.approx(
        (2 * 0.38**2 + 2 * 0.62**2) / 2
    )
    # Both images have confidence 0.62 and share a bin, in which half the answers are right.
    assert metrics.calibration_error(answer, labels).value() == pytest.approx(0.12)


def test_calibration_error_sums_the_gaps_of_separate_bins():
    answer = average(of([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.45, 0.55]]))
    # Bin of 0.95: accuracy 0.5, gap 0.45; bin of 0.55: accuracy 1, gap 0.45.
    labels = np.array([0, 1, 0, 1])
    assert metrics.calibration_error(answer, labels).value() == pytest.approx(0.45)


def test_a_network_that_is_certain_and_wrong_costs_a_finite_number():
    certain = np.array([[[-1e4, 0.0]]])
    label = np.array([0])
    assert metrics.negative_log_likelihood(average(certain), label).value() == pytest.approx(1e4)
    helped = np.concatenate([certain, np.full((1, 1, 2), -np.log(2))])
    found = metrics.negative_log_likelihood(average(helped), label).value()
    assert found == pytest.approx(np.log(4))


def test_risk_coverage_by_hand():
    # In order of confidence: right, wrong, right. Risks at one, two, three answers: 0, 1/2, 1/3.
    answer = average(of([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]))
    found = metrics.area_under_risk_coverage(answer, np.array([0, 1, 0])).value()
    assert found == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def naive_risk_coverage(answer, labels, weights) -> float:
    wrong, confidence = answer.classes != labels, answer.confidence
    risks = [
        (weights * wrong)[confidence >= threshold].sum() / weights[confidence >= threshold].sum()
        if weights[confidence >= threshold].sum()
        else 0.0
        for threshold in confidence
    ]
    return float((weights * risks).sum())


@given(answers(spread=3.0), st.integers(0, 9))
def test_risk_coverage_equals_the_loop_over_thresholds(answer, seed):
    together, labels = average(answer[0]), answer[1]
    weights = random_weights(len(labels), seed=seed)
    found = metrics.area_under_risk_coverage(together, labels).resampled(weights)
    expected = [naive_risk_coverage(together, labels, one) for one in weights]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(answers(spread=20.0))
def test_they_are_scikit_learns(answer):
    log_probabilities, labels = answer
    together = average(log_probabilities)
    classes = range(log_probabilities.shape[-1])
    probabilities = together.probabilities
    # scikit-learn takes a smaller one of the right class for this; we do not.
    assume(
        (probabilities[np.arange(len(labels)), labels] > np.finfo(probabilities.dtype).eps).all()
    )
    assert metrics.error_rate(together, labels).value() == pytest.approx(
        sklearn.zero_one_loss(labels, together.classes), abs=1e-12
    )
    assert metrics.brier_score(together, labels).value() == pytest.approx(
        sklearn.brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False),
        abs=1e-9,
    )
    assert metrics.negative_log_likelihood(together, labels).value() == pytest.approx(
        sklearn.log_loss(labels, probabilities, labels=classes), rel=1e-6, abs=1e-9
    )


def test_weighted_they_are_scikit_learns():
    log_probabilities, labels = random_answers()
    together, weights = average(log_probabilities), random_weights(len(labels))
    for number, one in enumerate(weights):
        options = {"sample_weight": one}
        assert metrics.error_rate(together, labels).resampled(weights)[number] == pytest.approx(
            sklearn.zero_one_loss(labels, together.classes, **options)
        )
        assert metrics.negative_log_likelihood(together, labels).resampled(weights)[
            number
        ] == pytest.approx(sklearn.log_loss(labels, together.probabilities, **options))
        assert metrics.brier_score(together, labels).resampled(weights)[number] == pytest.approx(
            sklearn.brier_score_loss(labels, together.probabilities, scale_by_half=False, **options)
        )


@pytest.mark.parametrize("seed", range(5))
def test_they_are_torchmetrics(seed):
    log_probabilities, labels = random_answers(seed=seed)
    together = average(log_probabilities)
    probabilities, truth = torch.from_numpy(together.probabilities), torch.from_numpy(labels)
    classes = probabilities.shape[1]
    accuracy = torchmetrics.multiclass_accuracy(probabilities, truth, classes, average="micro")
    assert metrics.error_rate(together, labels).value() == pytest.approx(
        1 - float(accuracy), abs=1e-6
    )
    calibration = torchmetrics.multiclass_calibration_error(
        probabilities, truth, classes, n_bins=metrics.calibration.BINS, norm="l1"
    )
    assert metrics.calibration_error(together, labels).value() == pytest.approx(
        float(calibration), abs=1e-6
    )


@pytest.mark.parametrize("metric", OF_ANSWERS)
def test_an_image_of_weight_two_counts_as_two_images(metric):
    log_probabilities, labels = random_answers(images=50)
    drawn = np.random.default_rng(1).integers(50, size=50)
    weights = np.bincount(drawn, minlength=50) / 50
    weighted = metric(average(log_probabilities), labels).resampled(weights[None])
    repeated = metric(average(log_probabilities[:, drawn]), labels[drawn]).value()
    assert weighted[0] == pytest.approx(repeated)


@given(answers())
def test_metrics_stay_in_their_range(answer):
    log_probabilities, labels = answer
    together = average(log_probabilities)
    for metric, maximum in zip(OF_ANSWERS, (1, np.inf, 2, 1, 1), strict=True):
        assert -1e-12 <= metric(together, labels).value() <= maximum + 1e-12


def test_metrics_resampled_together_are_those_resampled_alone():
    log_probabilities, labels = random_answers(images=60)
    together, weights = average(log_probabilities), random_weights(60)
    by_name = {metric.__name__: metric(together, labels) for metric in OF_ANSWERS}
    at_once = resample(by_name, weights)
    assert at_once.keys() == by_name.keys()
    for name, metric in by_name.items():
        np.testing.assert_allclose(at_once[name], metric.resampled(weights))
    assert resample({}, weights) == {}


def test_a_function_of_means_is_of_the_resampled_means():
    metric = MeanMetric(np.array([[1.0, 3.0], [2.0, 6.0]]), lambda means: means[1] / means[0])
    assert metric.value() == 2.0
    np.testing.assert_allclose(metric.resampled(np.array([[1.0, 0.0], [0.5, 0.5]])), [2.0, 2.0])
