"""Diversity: means over all pairs of networks, against the loop over pairs and libraries."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import entropy
from sklearn.metrics import matthews_corrcoef
from support.answers import answers, of, random_answers, random_weights

from mnbench.evaluation.metrics import pairwise

OF_PAIRS = (pairwise.q_statistic, pairwise.error_correlation)


def pairs_of(log_probabilities, labels) -> pairwise.Pairs:
    return pairwise.pairs(log_probabilities.argmax(axis=-1), labels)


def test_disagreement_by_hand():
    # Classes of three networks on two images: (0, 0, 1) has 2 of 3 pairs differing, (1, 1, 1) none.
    classes = np.array([[0, 1], [0, 1], [1, 1]])
    assert pairwise.disagreement(classes).value() == pytest.approx(1 / 3)


def test_q_and_correlation_by_hand():
    # Right or wrong of two networks on ten images: both 5, only first 2, only second 1, neither 2.
    first = [1] * 7 + [0] * 3
    second = [1] * 5 + [0] * 2 + [1] + [0] * 2
    both = of(*([[0.9, 0.1] if right else [0.1, 0.9] for right in one] for one in (first, second)))
    labels = np.zeros(10, dtype=int)
    assert pairwise.q_statistic(pairs_of(both, labels)).value() == pytest.approx(
        (10 - 2) / (10 + 2)
    )
    expected = (0.5 - 0.7 * 0.6) / np.sqrt(0.7 * 0.3 * 0.6 * 0.4)
    assert pairwise.error_correlation(pairs_of(both, labels)).value() == pytest.approx(expected)


@given(answers(min_networks=2))
def test_disagreement_equals_the_loop_over_pairs(answer):
    log_probabilities, _ = answer
    predicted = log_probabilities.argmax(axis=-1)
    pairs = [(one != other).mean() for one, other in combinations(predicted, 2)]
    assert pairwise.disagreement(predicted).value() == pytest.approx(np.mean(pairs))


@given(answers(min_networks=2, spread=8.0))
def test_divergence_is_scipys(answer):
    log_probabilities, _ = answer
    pairs = [
        entropy(one, other, axis=-1).mean()
        for one, other in permutations(np.exp(log_probabilities), 2)
    ]
    found = pairwise.divergence(log_probabilities).value()
    assert found == pytest.approx(np.mean(pairs), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_error_correlation_is_scikit_learns(seed):
    log_probabilities, labels = random_answers(4, seed=seed)
    right = log_probabilities.argmax(axis=-1) == labels
    weights = random_weights(len(labels), seed=seed)
    found = pairwise.error_correlation(pairs_of(log_probabilities, labels))
    pairs = [matthews_corrcoef(one, other) for one, other in combinations(right, 2)]
    assert found.value() == pytest.approx(np.mean(pairs))
    for number, one in enumerate(weights):
        pairs = [matthews_corrcoef(*pair, sample_weight=one) for pair in combinations(right, 2)]
        assert found.resampled(weights)[number] == pytest.approx(np.mean(pairs))


def test_independent_networks_have_neither_q_nor_correlation():
    rng = np.random.default_rng(0)
    right = rng.random((5, 20_000)) < 0.8
    log_probabilities = np.log(np.where(right[..., None], [0.9, 0.1], [0.1, 0.9]))
    labels = np.zeros(right.shape[1], dtype=int)
    for metric in OF_PAIRS:
        assert abs(metric(pairs_of(log_probabilities, labels)).value()) < 0.03


def test_equal_networks_are_as_alike_as_can_be():
    log_probabilities, labels = random_answers(1)
    copies = np.repeat(log_probabilities, 3, axis=0)
    assert pairwise.disagreement(copies.argmax(axis=-1)).value() == 0
    assert pairwise.divergence(copies).value() == pytest.approx(0, abs=1e-12)
    for metric in OF_PAIRS:
        assert metric(pairs_of(copies, labels)).value() == pytest.approx(1)


def test_pairs_without_a_correlation_are_left_out():
    log_probabilities, labels = random_answers(2)
    perfect = np.log(0.8 * np.eye(log_probabilities.shape[-1])[labels] + 0.04)[None]
    for metric in OF_PAIRS:
        alone = metric(pairs_of(log_probabilities, labels)).value()
        beside = metric(pairs_of(np.concatenate([log_probabilities, perfect]), labels)).value()
        assert beside == pytest.approx(alone)
        assert np.isnan(metric(pairs_of(np.concatenate([perfect, perfect]), labels)).value())


def test_one_network_has_no_pair():
    log_probabilities, labels = random_answers(1)
    for metric in (
        pairwise.disagreement(log_probabilities.argmax(axis=-1)),
        pairwise.divergence(log_probabilities),
        *(of_pairs(pairs_of(log_probabilities, labels)) for of_pairs in OF_PAIRS),
    ):
        assert np.isnan(metric.value())
        assert np.isnan(metric.resampled(random_weights(len(labels)))).all()
