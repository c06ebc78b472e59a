"""Temperature and reliability."""

import numpy as np
import pytest
from scipy.special import log_softmax
from support.answers import random_answers

from mnbench.evaluation import metrics
from mnbench.evaluation.combination import Prediction, average
from mnbench.evaluation.metrics import calibration


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_that_made_answers_too_sure_is_found_again(temperature):
    """Labels are drawn from the probabilities: at temperature 1 these are calibrated."""
    rng = np.random.default_rng(0)
    honest = log_softmax(2 * rng.normal(size=(20_000, 5)), axis=-1)
    labels = (np.exp(honest).cumsum(axis=1) < rng.random((len(honest), 1))).sum(axis=1)
    sharpened = log_softmax(honest * temperature, axis=-1)
    answer = Prediction(sharpened, sharpened.argmax(axis=-1))
    found = calibration.fit_temperature(answer, labels)
    assert found == pytest.approx(temperature, rel=0.05)
    mended = calibration.scale_temperature(answer, found)
    assert metrics.calibration_error(mended, labels).value() < 0.02
    if temperature != 1:
        assert metrics.calibration_error(answer, labels).value() > 0.03
    np.testing.assert_array_equal(mended.classes, answer.classes)


def test_the_fit_is_a_minimum():
    log_probabilities, labels = random_answers()
    answer = average(log_probabilities)
    best = calibration.fit_temperature(answer, labels)

    def loss(temperature):
        scaled = calibration.scale_temperature(answer, temperature)
        return metrics.negative_log_likelihood(scaled, labels).value()

    assert all(loss(best) <= loss(factor * best) for factor in (0.8, 0.95, 1.05, 1.2))


def test_reliability_by_hand_and_its_gaps_are_the_calibration_error():
    log_probabilities, labels = random_answers(1, images=2000)
    answer = average(log_probabilities)
    found = calibration.reliability(answer, labels)
    assert found.images.sum() == 2000 and len(found.images) == 15
    inside = (answer.confidence >= 10 / 15) & (answer.confidence < 11 / 15)
    assert found.images[10] == inside.sum()
    assert found.confidence[10] == pytest.approx(answer.confidence[inside].sum())
    assert found.right[10] == (answer.classes == labels)[inside].sum()
    gaps = np.abs(found.confidence - found.right).sum() / 2000
    assert gaps == pytest.approx(metrics.calibration_error(answer, labels).value())
    twice = found + found
    assert twice.images.sum() == 4000 and twice.right.sum() == 2 * found.right.sum()


def test_resampled_reliability_is_that_of_the_images_drawn():
    log_probabilities, labels = random_answers(1, images=300)
    answer = average(log_probabilities)
    drawn = np.random.default_rng(0).integers(300, size=(4, 300))
    weights = np.stack([np.bincount(one, minlength=300) for one in drawn]) / 300
    again = calibration.resampled_reliability(answer, labels, weights)
    for number, one in enumerate(drawn):
        found = calibration.reliability(average(log_probabilities[:, one]), labels[one])
        for name in ("images", "confidence", "right"):
            np.testing.assert_allclose(getattr(again, name)[:, number], getattr(found, name))
