"""Confidence: one temperature, fitted on validation images, and the reliability diagram."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from mnbench.evaluation.combination import Answer
from mnbench.evaluation.metrics.scores import BINS, bin_of

COLDEST, HOTTEST = 0.05, 20.0  # temperatures that a fit may come to


def fit_temperature(answer: Answer, labels: np.ndarray) -> float:
    """Fit the one temperature that minimises the negative log-likelihood (Guo et al. 2017, 4.2).

    Args:
        answer: to the validation images.
        labels: of the validation images.
    """

    def objective(coldness: float) -> float:  # convex in 1 / temperature
        scaled = log_softmax(answer.log_probabilities * coldness, axis=-1)
        return -scaled[np.arange(len(labels)), labels].mean()

    found = minimize_scalar(objective, bounds=(1 / HOTTEST, 1 / COLDEST), method="bounded")
    return 1 / float(found.x)


def scaled(answer: Answer, temperature: float) -> Answer:
    """Divide log-probabilities by a temperature; predictions stay."""
    return Answer(log_softmax(answer.log_probabilities / temperature, axis=-1), answer.predicted)


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: for each bin of confidence, of the images that it holds.

    Arrays are ``(bins,)``, or ``(bins, resamples)`` on resampled images.
    """

    images: np.ndarray  # how many
    confidence: np.ndarray  # summed
    right: np.ndarray  # how many

    def __add__(self, other: "Reliability") -> "Reliability":
        return Reliability(
            self.images + other.images,
            self.confidence + other.confidence,
            self.right + other.right,
        )


def reliability(answer: Answer, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Bin the images by the probability of their predicted class."""
    index = bin_of(answer.confidence, bins)
    confidence, right = (
        np.bincount(index, weights=values, minlength=bins)
        for values in (answer.confidence, answer.predicted == labels)
    )
    return Reliability(np.bincount(index, minlength=bins), confidence, right)


def resampled_reliability(
    answer: Answer, labels: np.ndarray, weights: np.ndarray, bins: int = BINS
) -> Reliability:
    """Bin resampled images.

    Args:
        answer: to the images.
        labels: of the images.
        weights: of the images, ``(resamples, images)``, each row summing to one.
        bins: how many.
    """
    inside = np.zeros((bins, len(labels)), dtype=weights.dtype)
    inside[bin_of(answer.confidence, bins), np.arange(len(labels))] = len(labels)
    parts = [inside, inside * answer.confidence, inside * (answer.predicted == labels)]
    stacked = np.concatenate(parts).astype(weights.dtype)
    return Reliability(*np.split(stacked @ weights.T, 3))
