"""How differently the networks of an ensemble answer.

Measures of pairs of networks are means over all pairs (Kuncheva, Whitaker 2003); with one network
there is no pair, and they are NaN. Log-probabilities are ``(networks, images, classes)``.
"""

import numpy as np

from mnbench.evaluation.combining import count_votes
from mnbench.evaluation.measures import Measure, OfMeans


def disagreement(log_probabilities: np.ndarray) -> Measure:
    """The fraction of images on which two networks predict different classes."""
    networks, images, _ = log_probabilities.shape
    if networks < 2:
        return _none(images)
    votes = count_votes(log_probabilities)
    # A class with v votes has v(v-1) ordered pairs that agree: linear, not quadratic, in networks.
    agreeing = (votes * (votes - 1)).sum(axis=-1)
    return OfMeans((1 - agreeing / (networks * (networks - 1)))[None])


def divergence(log_probabilities: np.ndarray) -> Measure:
    """The Kullback-Leibler divergence of two networks' answers, in nats, mean over ordered pairs.

    Summed over pairs (i, j), sum_c p_i (log p_i - log p_j) needs no loop over them:
    m sum_i p_i log p_i - (sum_i p_i)(sum_j log p_j), summed over the classes c.
    """
    networks, images, _ = log_probabilities.shape
    if networks < 2:
        return _none(images)
    probabilities = np.exp(log_probabilities)
    own = networks * np.einsum("nic,nic->i", probabilities, log_probabilities)
    crossed = (probabilities.sum(axis=0) * log_probabilities.sum(axis=0)).sum(axis=-1)
    return OfMeans(((own - crossed) / (networks * (networks - 1)))[None])


def q_statistic(log_probabilities: np.ndarray, labels: np.ndarray) -> Measure:
    """Yule's Q of two networks' being right, from -1 to 1; 0 is independence.

    Pairs of which one is always right or always wrong have none and are left out.
    """

    def finish(both, first, second):
        only_first, only_second = first - both, second - both
        neither = 1 - first - second + both
        agree, differ = both * neither, only_first * only_second
        return agree - differ, agree + differ

    return _of_pairs(log_probabilities, labels, finish)


def error_correlation(log_probabilities: np.ndarray, labels: np.ndarray) -> Measure:
    """The correlation of two networks' being wrong, from -1 to 1.

    Pairs of which one is always right or always wrong have none and are left out.
    """

    def finish(both, first, second):
        spread = np.sqrt(np.maximum(first * (1 - first) * second * (1 - second), 0))
        return both - first * second, spread

    return _of_pairs(log_probabilities, labels, finish)


def _of_pairs(log_probabilities: np.ndarray, labels: np.ndarray, finish) -> Measure:
    """Make a mean over pairs of a quotient of how often both and each are right.

    Args:
        log_probabilities: ``(networks, images, classes)``.
        labels: ``(images,)``.
        finish: from three arrays of fractions, both right, the first, the second, ``(pairs, ...)``,
            to numerator and denominator.
    """
    networks, images, _ = log_probabilities.shape
    if networks < 2:
        return _none(images)
    right = log_probabilities.argmax(axis=-1) == labels
    first, second = np.triu_indices(networks, k=1)

    def mean(means: np.ndarray) -> np.ndarray:
        single, both = means[:networks], means[networks:]
        above, below = finish(both, single[first], single[second])
        counted = below > 1e-7  # what float32 leaves of zero
        quotients = np.divide(above, below, out=np.zeros_like(above), where=counted)
        with np.errstate(invalid="ignore"):
            return quotients.sum(axis=0) / counted.sum(axis=0)

    return OfMeans(np.concatenate([right, right[first] & right[second]]), mean)


def _none(images: int) -> Measure:
    return OfMeans(np.full((1, images), np.nan))
