"""How differently the networks of an ensemble answer.

Measures of pairs of networks are means over all pairs (Kuncheva, Whitaker 2003); with one network
there is no pair, and they are NaN. Predicted classes are ``(networks, images)``, log-probabilities
``(networks, images, classes)``.
"""

from dataclasses import dataclass

import numpy as np

from mnbench.evaluation.combination import count_votes
from mnbench.evaluation.metrics.scores import Measure, OfMeans


def disagreement(predicted: np.ndarray) -> Measure:
    """The fraction of images on which two networks predict different classes."""
    networks, images = predicted.shape
    if networks < 2:
        return _none(images)
    votes = count_votes(predicted, int(predicted.max()) + 1)
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


@dataclass(frozen=True, eq=False)
class Pairs:
    """On which images each network is right, and each two of them together."""

    networks: int
    right: np.ndarray  # bool (networks + pairs, images), the networks first

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """The first and the second network of each pair."""
        return np.triu_indices(self.networks, k=1)


def pairs(predicted: np.ndarray, labels: np.ndarray) -> Pairs:
    """Make what :func:`q_statistic` and :func:`error_correlation` are computed from.

    Args:
        predicted: ``(networks, images)``.
        labels: ``(images,)``.
    """
    right = predicted == labels
    first, second = np.triu_indices(len(right), k=1)
    return Pairs(len(right), np.concatenate([right, right[first] & right[second]]))


def q_statistic(of: Pairs) -> Measure:
    """Yule's Q of two networks' being right, from -1 to 1; 0 is independence.

    Pairs of which one is always right or always wrong have none and are left out.
    """

    def finish(both, first, second):
        only_first, only_second = first - both, second - both
        neither = 1 - first - second + both
        agree, differ = both * neither, only_first * only_second
        return agree - differ, agree + differ

    return _mean_over(of, finish)


def error_correlation(of: Pairs) -> Measure:
    """The correlation of two networks' being wrong, from -1 to 1.

    Pairs of which one is always right or always wrong have none and are left out.
    """

    def finish(both, first, second):
        spread = np.sqrt(np.maximum(first * (1 - first) * second * (1 - second), 0))
        return both - first * second, spread

    return _mean_over(of, finish)


def _mean_over(of: Pairs, finish) -> Measure:
    """Make a mean over pairs of a quotient of how often both and each are right.

    Args:
        of: the pairs.
        finish: from three arrays of fractions, both right, the first, the second, ``(pairs, ...)``,
            to numerator and denominator.
    """
    if of.networks < 2:
        return _none(of.right.shape[1])
    first, second = of.numbers

    def mean(means: np.ndarray) -> np.ndarray:
        single, both = means[: of.networks], means[of.networks :]
        above, below = finish(both, single[first], single[second])
        counted = below > 1e-7  # what float32 leaves of zero
        quotients = np.divide(above, below, out=np.zeros_like(above), where=counted)
        with np.errstate(invalid="ignore"):
            return quotients.sum(axis=0) / counted.sum(axis=0)

    return OfMeans(of.right, mean)


def _none(images: int) -> Measure:
    return OfMeans(np.full((1, images), np.nan))
