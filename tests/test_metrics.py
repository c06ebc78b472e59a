"""Metrics: examples worked out by hand, and what must hold for any logits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from mnbench.evaluation.metrics import (
    average_probabilities,
    calibration_error,
    disagreement,
    error_rate,
    member_error_rates,
    negative_log_likelihood,
)
from mnbench.evaluation.pareto import pareto_front


def logits_of(*probabilities) -> np.ndarray:
    """Return float32 logits (networks, images, classes) whose softmax is *probabilities*."""
    return np.log(np.array(probabilities, dtype=np.float64)).astype(np.float32)


@st.composite
def answers(draw, min_networks=1):
    shape = draw(st.tuples(st.integers(min_networks, 4), st.integers(1, 6), st.integers(2, 4)))
    values = st.floats(-60, 60, width=32)
    logits = draw(arrays(np.float32, shape, elements=values))
    labels = draw(arrays(np.int64, shape[1], elements=st.integers(0, shape[2] - 1)))
    return logits, labels


def test_two_networks_by_hand():
    logits = logits_of([[0.9, 0.1], [0.6, 0.4]], [[0.34, 0.66], [0.16, 0.84]])
    labels = np.array([0, 0])
    probabilities = average_probabilities(logits)
    np.testing.assert_allclose(probabilities, [[0.62, 0.38], [0.38, 0.62]], rtol=1e-6)
    assert probabilities.dtype == np.float64
    assert error_rate(probabilities, labels) == 0.5
    np.testing.assert_array_equal(member_error_rates(logits, labels), [0.0, 1.0])
    assert disagreement(logits) == 1.0
    assert negative_log_likelihood(logits, labels) == pytest.approx(
        -(np.log(0.62) + np.log(0.38)) / 2, rel=1e-6
    )
    # Both images have confidence 0.62 and share a bin, in which half the answers are right.
    assert calibration_error(probabilities, labels) == pytest.approx(0.12, rel=1e-6)


def test_calibration_error_sums_the_gaps_of_separate_bins():
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.45, 0.55]])
    labels = np.array([0, 1, 0, 1])
    # Bin of 0.95: accuracy 0.5, gap 0.45; bin of 0.55: accuracy 1, gap 0.45.
    assert calibration_error(probabilities, labels) == pytest.approx(0.45)
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert calibration_error(certain, np.array([0, 0])) == 0
    assert calibration_error(certain, np.array([0, 1])) == 0.5


def test_disagreement_is_the_mean_over_pairs():
    # Classes of three networks on two images: (0, 0, 1) has 2 of 3 pairs differing, (1, 1, 1) none.
    logits = np.eye(2, dtype=np.float32)[[[0, 1], [0, 1], [1, 1]]]
    assert disagreement(logits) == pytest.approx(1 / 3)
    assert np.isnan(disagreement(logits[:1]))


def test_a_network_that_is_certain_and_wrong_costs_a_finite_number():
    logits = np.array([[[-1e4, 0.0]]], dtype=np.float32)
    assert negative_log_likelihood(logits, np.array([0])) == pytest.approx(1e4)
    helped = np.concatenate([logits, np.zeros_like(logits)])
    assert negative_log_likelihood(helped, np.array([0])) == pytest.approx(np.log(4))


@given(answers())
def test_metrics_stay_in_range_and_agree_with_plain_formulas(answer):
    logits, labels = answer
    probabilities = average_probabilities(logits)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1)
    assert 0 <= error_rate(probabilities, labels) <= 1
    assert 0 <= calibration_error(probabilities, labels) <= 1
    likelihood = negative_log_likelihood(logits, labels)
    assert 0 <= likelihood + 1e-12 < np.inf
    plain = softmax(logits.astype(np.float64), axis=-1).mean(axis=0)
    direct = -np.log(plain[np.arange(labels.size), labels]).mean()
    assert likelihood == pytest.approx(direct, rel=1e-9, abs=1e-9)


@given(answers(), st.floats(-30, 30, width=32), st.randoms(use_true_random=False))
def test_order_and_shift_of_networks_change_nothing(answer, shift, random):
    logits, labels = answer
    order = random.sample(range(len(logits)), len(logits))
    # In float64, so that the shift does not round small logits away.
    moved = logits.astype(np.float64)[order] + shift
    np.testing.assert_allclose(
        average_probabilities(moved), average_probabilities(logits), rtol=1e-9
    )
    assert negative_log_likelihood(moved, labels) == pytest.approx(
        negative_log_likelihood(logits, labels), rel=1e-9, abs=1e-9
    )
    assert disagreement(logits[order]) == pytest.approx(disagreement(logits), nan_ok=True)


@given(answers(min_networks=2))
def test_disagreement_equals_the_loop_over_pairs(answer):
    logits, _ = answer
    predicted = logits.argmax(axis=-1)
    pairs = [(predicted[i] != predicted[j]).mean() for i in range(len(logits)) for j in range(i)]
    assert disagreement(logits) == pytest.approx(np.mean(pairs), abs=1e-12)


@given(answers())
def test_copies_of_one_network_answer_as_it_does(answer):
    logits, labels = answer
    one = logits[:1]
    copies = np.repeat(one, 3, axis=0)
    np.testing.assert_allclose(average_probabilities(copies), average_probabilities(one))
    assert disagreement(copies) == 0
    assert negative_log_likelihood(copies, labels) == pytest.approx(
        negative_log_likelihood(one, labels), rel=1e-9, abs=1e-9
    )


def test_pareto_front_by_hand():
    cost = [1, 2, 3, 3, 4, 2]
    error = [9, 5, 4, 4, 4, 6]
    np.testing.assert_array_equal(pareto_front(cost, error), [True, True, True, True, False, False])
    assert pareto_front([], []).shape == (0,)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_pareto_front_is_what_no_point_dominates(points):
    expected = [
        not any(a <= c and b <= d and (a, b) != (c, d) for a, b in points) for c, d in points
    ]
    assert pareto_front(*zip(*points, strict=True)).tolist() == expected
