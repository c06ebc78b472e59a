"""Combining networks: four rules, and weights that fit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from support.answers import answers, of, random_answers

from mnbench.evaluation import metrics
from mnbench.evaluation.combination import (
    average,
    count_votes,
    super_learner_weights,
    vote,
)


@given(answers())
def test_the_average_is_that_of_the_probabilities(answer):
    log_probabilities, _ = answer
    found = average(log_probabilities)
    plain = softmax(log_probabilities, axis=-1).mean(axis=0)
    np.testing.assert_allclose(found.probabilities, plain, atol=1e-12)
    np.testing.assert_allclose(found.probabilities.sum(axis=-1), 1)
    assert np.isfinite(found.log_probabilities).all()
    np.testing.assert_allclose(found.confidence, found.probabilities.max(axis=-1))


@given(answers(), st.randoms(use_true_random=False))
def test_the_order_of_networks_changes_nothing(answer, random):
    log_probabilities, _ = answer
    order = random.sample(range(len(log_probabilities)), len(log_probabilities))
    for rule in (average, vote):
        np.testing.assert_allclose(
            rule(log_probabilities[order]).probabilities, rule(log_probabilities).probabilities
        )


def test_weights_of_an_average():
    both = of([[0.9, 0.1]], [[0.2, 0.8]])
    np.testing.assert_allclose(
        average(both, np.array([0.25, 0.75])).probabilities, [[0.375, 0.625]]
    )
    impossible = np.array([[[0.0, -np.inf]], [[-np.log(2), -np.log(2)]]])
    found = average(impossible, np.array([1.0, 0.0])).probabilities
    np.testing.assert_allclose(found, [[1.0, 0.0]])


def test_votes_are_counted_and_ties_broken_by_the_sum():
    three = of([[0.5, 0.3, 0.2]], [[0.1, 0.6, 0.3]], [[0.2, 0.35, 0.45]])
    np.testing.assert_array_equal(count_votes(three.argmax(-1), 3), [[1, 1, 1]])
    # One vote each; the summed probabilities are 0.8, 1.25 and 0.95.
    found = vote(three)
    assert found.classes.tolist() == [1]
    np.testing.assert_allclose(found.probabilities, [[1 / 3] * 3])
    # A class with more votes wins whatever the sum.
    two_to_one = of([[0.51, 0.49]], [[0.51, 0.49]], [[0.0001, 0.9999]])
    assert vote(two_to_one).classes.tolist() == [0]
    assert average(two_to_one).classes.tolist() == [1]
    np.testing.assert_allclose(vote(two_to_one).confidence, [2 / 3])


@given(answers(min_networks=2))
def test_the_vote_equals_the_loop_over_images(answer):
    log_probabilities, _ = answer
    votes = log_probabilities.argmax(axis=-1)
    summed = np.exp(log_probabilities).sum(axis=0)
    for image, predicted in enumerate(vote(log_probabilities).classes):
        counts = np.bincount(votes[:, image], minlength=summed.shape[1])
        tied = np.flatnonzero(counts == counts.max())
        assert predicted in tied
        assert summed[image, predicted] >= summed[image, tied].max() - 1e-12


def gradient(log_probabilities, labels, weights):
    """How much each network's probability of the label is worth: at most 1 at the optimum."""
    of_label = np.exp(log_probabilities[:, np.arange(len(labels)), labels])
    return (of_label / (weights @ of_label)).mean(axis=1)


@pytest.mark.parametrize(("networks", "seed"), [(2, 0), (3, 1), (5, 2), (25, 3), (100, 4)])
def test_super_learner_weights_are_optimal(networks, seed):
    """The Karush-Kuhn-Tucker conditions of a maximum on the simplex."""
    log_probabilities, labels = random_answers(networks, images=500, seed=seed)
    weights = super_learner_weights(log_probabilities, labels)
    assert weights.shape == (networks,) and (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    worth = gradient(log_probabilities, labels, weights)
    assert (worth <= 1 + 2e-3).all()
    np.testing.assert_allclose(worth[weights > 1e-3], 1, atol=2e-3)


@given(answers(min_networks=2, spread=10.0))
def test_super_learner_is_at_least_as_likely_as_equal_weights_and_as_each_network(answer):
    log_probabilities, labels = answer

    def loss(weights):
        return metrics.negative_log_likelihood(average(log_probabilities, weights), labels).value()

    networks = len(log_probabilities)
    found = loss(super_learner_weights(log_probabilities, labels))
    for weights in (np.full(networks, 1 / networks), *np.eye(networks)):
        assert found <= loss(weights) + 1e-4 * (1 + abs(loss(weights)))


def test_super_learner_drops_a_useless_network():
    log_probabilities, labels = random_answers(2, images=500)
    guess = np.full((1, *log_probabilities.shape[1:]), -np.log(log_probabilities.shape[-1]))
    wrong = np.roll(np.eye(log_probabilities.shape[-1])[labels], 1, axis=-1)[None]
    useless = np.log(0.9 * wrong + 0.1 / log_probabilities.shape[-1])
    weights = super_learner_weights(np.concatenate([log_probabilities, useless, guess]), labels)
    assert weights[2] == 0
    assert super_learner_weights(log_probabilities[:1], labels).tolist() == [1.0]


def test_the_oracle_is_never_worse_and_gets_better_with_size():
    log_probabilities, labels = random_answers(6)
    predicted = log_probabilities.argmax(axis=-1)
    errors = [metrics.oracle_error_rate(predicted[:m], labels).value() for m in range(1, 7)]
    assert all(later <= earlier for earlier, later in pairwise(errors))
    assert errors[-1] <= metrics.error_rate(vote(log_probabilities), labels).value()
    assert errors[0] == metrics.error_rate(average(log_probabilities[:1]), labels).value()
