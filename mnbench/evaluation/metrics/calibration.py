"""Calibration: expected calibration error, temperature scaling, reliability diagrams.

Open this module to look up how confidence is compared with accuracy. The trap: a temperature is
fitted on validation images, never on test images.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from mnbench.evaluation.combination import Prediction
from mnbench.evaluation.metrics.metric import MeanMetric, Metric

BINS = 15  # equal-width bins of confidence, on [0, 1]
MINIMUM_TEMPERATURE, MAXIMUM_TEMPERATURE = 0.05, 20.0


def calibration_error(prediction: Prediction, labels: np.ndarray, bins: int = BINS) -> Metric:
    """Return the expected calibration error with equal-width bins (Guo et al. 2017, section 2).

    Images are binned by the probability of their predicted class. The error is the mean over images
    of the gap between their bin's mean confidence and its accuracy, a fraction.

    >>> prediction = Prediction(np.log([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 0]))
    >>> round(calibration_error(prediction, np.array([0, 1])).value(), 4)
    0.4
    """
    gap = prediction.confidence - (prediction.classes == labels)
    # A bin weighs as its number of images, which cancels the division by that number.
    values = np.zeros((bins, len(labels)))
    values[bin_of(prediction.confidence, bins), np.arange(len(labels))] = gap
    return MeanMetric(values, lambda means: np.abs(means).sum(axis=0))


def bin_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the number of each confidence's bin, from 0; an edge belongs to the bin above it."""
    return np.minimum((confidence * bins).astype(int), bins - 1)


def fit_temperature(prediction: Prediction, labels: np.ndarray) -> float:
    """Return the temperature that minimises the negative log-likelihood (Guo et al. 2017, 4.2).

    Args:
        prediction: of the validation images.
        labels: of the validation images.

    A prediction of 90 % that is right on two of three images is overconfident:

    >>> prediction = Prediction(np.log(np.tile([0.9, 0.1], (3, 1))), np.zeros(3, dtype=int))
    >>> round(fit_temperature(prediction, np.array([0, 0, 1])), 2)
    3.17
    """

    def objective(inverse: float) -> float:  # convex in 1 / temperature
        scaled = log_softmax(prediction.log_probabilities * inverse, axis=-1)
        return float(-scaled[np.arange(len(labels)), labels].mean())

    bounds = (1 / MAXIMUM_TEMPERATURE, 1 / MINIMUM_TEMPERATURE)
    minimum = minimize_scalar(objective, bounds=bounds, method="bounded")
    return 1 / float(minimum.x)


def scale_temperature(prediction: Prediction, temperature: float) -> Prediction:
    """Return the prediction with log-probabilities divided by a temperature; classes stay.

    >>> prediction = Prediction(np.log([[0.9, 0.1]]), np.array([0]))
    >>> scale_temperature(prediction, 2.0).probabilities.round(2).tolist()
    [[0.75, 0.25]]
    """
    scaled = log_softmax(prediction.log_probabilities / temperature, axis=-1)
    return Prediction(scaled, prediction.classes)


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: sums over the images in each bin of confidence.

    Attributes:
        images: how many, ``(bins,)``, or ``(bins, replicates)`` on resampled images.
        confidence: summed, likewise.
        right: how many are right, likewise.
    """

    images: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    def __add__(self, other: "Reliability") -> "Reliability":
        return Reliability(
            self.images + other.images,
            self.confidence + other.confidence,
            self.right + other.right,
        )


def reliability(prediction: Prediction, labels: np.ndarray, bins: int = BINS) -> Reliability:
    """Return the images binned by the probability of their predicted class.

    >>> prediction = Prediction(np.log([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 0]))
    >>> reliability(prediction, np.array([0, 1]), bins=2).right.tolist()
    [0.0, 1.0]
    """
    index = bin_of(prediction.confidence, bins)
    confidence, right = (
        np.bincount(index, weights=values, minlength=bins)
        for values in (prediction.confidence, prediction.classes == labels)
    )
    return Reliability(np.bincount(index, minlength=bins), confidence, right)


def resampled_reliability(
    prediction: Prediction, labels: np.ndarray, weights: np.ndarray, bins: int = BINS
) -> Reliability:
    """Return the diagram of every bootstrap replicate.

    Args:
        prediction: of the images.
        labels: of the images.
        weights: ``(replicates, images)``, each row summing to one.
        bins: how many.
    """
    inside = np.zeros((bins, len(labels)), dtype=weights.dtype)
    inside[bin_of(prediction.confidence, bins), np.arange(len(labels))] = len(labels)
    parts = [inside, inside * prediction.confidence, inside * (prediction.classes == labels)]
    stacked = np.concatenate(parts).astype(weights.dtype)
    return Reliability(*np.split(stacked @ weights.T, 3))
