"""Diversity: how differently the networks of an ensemble predict.

Open this module to look up a metric of pairs (Kuncheva, Whitaker 2003). Each is a mean over all
pairs of networks. The trap: with one network there is no pair, and the metric is NaN. Predicted
classes are ``(networks, images)``, log-probabilities ``(networks, images, classes)``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnbench.evaluation.combination import count_votes
from mnbench.evaluation.metrics.metric import MeanMetric, Metric

# From how often both networks, the first and the second are right, to numerator and denominator.
PairQuotient = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
SMALLEST_DENOMINATOR = 1e-7  # what float32 leaves of zero


def disagreement(classes: np.ndarray) -> Metric:
    """Return the fraction of images on which two networks predict different classes.

    >>> disagreement(np.array([[0, 1], [0, 0]])).value()
    0.5
    """
    networks, images = classes.shape
    if networks < 2:
        return _undefined(images)
    votes = count_votes(classes, int(classes.max()) + 1)
    # A class with v votes has v(v-1) ordered pairs that agree: linear, not quadratic, in networks.
    agreeing = (votes * (votes - 1)).sum(axis=-1)
    return MeanMetric((1 - agreeing / (networks * (networks - 1)))[None])


def disagreement_matrix(classes: np.ndarray) -> np.ndarray:
    """Return the fraction of images on which every two networks differ: ``(networks, networks)``.

    >>> disagreement_matrix(np.array([[0, 1], [0, 0]])).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    networks, images = classes.shape
    agreeing = np.zeros((networks, networks))
    for label in range(int(classes.max(initial=0)) + 1):
        predicted = (classes == label).astype(np.float32)
        agreeing += predicted @ predicted.T
    return 1 - agreeing / images


def divergence(log_probabilities: np.ndarray) -> Metric:
    """Return the Kullback-Leibler divergence of two networks, in nats, mean over ordered pairs.

    Summed over pairs (i, j), sum_c p_i (log p_i - log p_j) needs no loop over them:
    m sum_i p_i log p_i - (sum_i p_i)(sum_j log p_j), summed over the classes c.

    >>> round(divergence(np.log([[[0.8, 0.2]], [[0.5, 0.5]]])).value(), 4)
    0.2079
    """
    networks, images, _ = log_probabilities.shape
    if networks < 2:
        return _undefined(images)
    probabilities = np.exp(log_probabilities)
    own = networks * np.einsum("nic,nic->i", probabilities, log_probabilities)
    crossed = (probabilities.sum(axis=0) * log_probabilities.sum(axis=0)).sum(axis=-1)
    return MeanMetric(((own - crossed) / (networks * (networks - 1)))[None])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which images each network has right, and each two of them together.

    Attributes:
        networks: how many.
        right: bool ``(networks + pairs, images)``, the networks first.
    """

    networks: int
    right: np.ndarray

    @property
    def indices(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second network of each pair."""
        first, second = np.triu_indices(self.networks, k=1)
        return first, second


def pairs(classes: np.ndarray, labels: np.ndarray) -> Pairs:
    """Return what :func:`q_statistic` and :func:`error_correlation` are computed from.

    Args:
        classes: predicted, ``(networks, images)``.
        labels: ``(images,)``.
    """
    right = classes == labels
    first, second = np.triu_indices(len(right), k=1)
    return Pairs(len(right), np.concatenate([right, right[first] & right[second]]))


def q_statistic(both_right: Pairs) -> Metric:
    """Return Yule's Q of two networks' being right, from -1 to 1; 0 is independence.

    Pairs with a network that is always right or always wrong have no Q and are left out; so are
    pairs with so few errors that float32 cannot tell (3 of 10,000 images each).

    Both networks are right on three images, both wrong on one, and each alone is right on one:

    >>> classes = np.array([[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 0, 1]])
    >>> round(q_statistic(pairs(classes, np.zeros(6, dtype=int))).value(), 4)
    0.5
    """

    def quotient(
        both: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        only_first, only_second = first - both, second - both
        neither = 1 - first - second + both
        agree, differ = both * neither, only_first * only_second
        return agree - differ, agree + differ

    return _mean_over(both_right, quotient)


def error_correlation(both_right: Pairs) -> Metric:
    """Return the correlation of two networks' being wrong, from -1 to 1.

    Pairs with a network that is always right or always wrong have none and are left out.

    >>> classes = np.array([[0, 1, 0, 0], [0, 1, 1, 1]])
    >>> round(error_correlation(pairs(classes, np.array([0, 1, 1, 0]))).value(), 4)
    -0.3333
    """

    def quotient(
        both: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        spread = np.sqrt(np.maximum(first * (1 - first) * second * (1 - second), 0))
        return both - first * second, spread

    return _mean_over(both_right, quotient)


def _mean_over(both_right: Pairs, quotient: PairQuotient) -> Metric:
    """Return the mean over pairs of a quotient; arrays are fractions ``(pairs, ...)``."""
    if both_right.networks < 2:
        return _undefined(both_right.right.shape[1])
    first, second = both_right.indices

    def mean(means: np.ndarray) -> np.ndarray:
        single, both = means[: both_right.networks], means[both_right.networks :]
        numerator, denominator = quotient(both, single[first], single[second])
        defined = denominator > SMALLEST_DENOMINATOR
        quotients = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=defined)
        with np.errstate(invalid="ignore"):
            return quotients.sum(axis=0) / defined.sum(axis=0)

    return MeanMetric(both_right.right, mean)


def _undefined(images: int) -> Metric:
    return MeanMetric(np.full((1, images), np.nan))
