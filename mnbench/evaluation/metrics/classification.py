"""Error rates and proper scores of predicted classes and probabilities.

Open this module to look up how an error is defined. The trap: an ensemble's error is that of the
combined prediction, its members' mean error is :func:`member_error_rate`.
"""

import numpy as np

from mnbench.evaluation.combination import Prediction
from mnbench.evaluation.metrics.metric import MeanMetric, Metric


def error_rate(prediction: Prediction, labels: np.ndarray) -> Metric:
    """Return the fraction of images whose predicted class is not their label.

    >>> prediction = Prediction(np.log([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 0]))
    >>> error_rate(prediction, np.array([0, 1])).value()
    0.5
    """
    return MeanMetric((prediction.classes != labels)[None])


def oracle_error_rate(classes: np.ndarray, labels: np.ndarray) -> Metric:
    """Return the fraction of images that every network gets wrong.

    Args:
        classes: predicted, ``(networks, images)``.
        labels: ``(images,)``.

    >>> oracle_error_rate(np.array([[0, 1], [1, 1]]), np.array([0, 0])).value()
    0.5
    """
    return MeanMetric((classes != labels).all(axis=0)[None])


def member_error_rate(classes: np.ndarray, labels: np.ndarray) -> Metric:
    """Return the mean of the networks' own error rates, a fraction.

    Args:
        classes: predicted, ``(networks, images)``.
        labels: ``(images,)``.

    >>> member_error_rate(np.array([[0, 1], [1, 1]]), np.array([0, 0])).value()
    0.75
    """
    return MeanMetric((classes != labels).mean(axis=0)[None])


def negative_log_likelihood(prediction: Prediction, labels: np.ndarray) -> Metric:
    """Return the mean of ``-log p(label)``, in nats.

    >>> prediction = Prediction(np.log([[0.5, 0.5]]), np.array([0]))
    >>> round(negative_log_likelihood(prediction, np.array([1])).value(), 4)
    0.6931
    """
    return MeanMetric(-prediction.log_probabilities[np.arange(len(labels)), labels][None])


def brier_score(prediction: Prediction, labels: np.ndarray) -> Metric:
    """Return the mean squared distance of the probabilities from the label's, 0 to 2 (Brier 1950).

    >>> prediction = Prediction(np.log([[0.5, 0.5]]), np.array([0]))
    >>> round(brier_score(prediction, np.array([1])).value(), 4)
    0.5
    """
    probabilities = prediction.probabilities
    of_label = probabilities[np.arange(len(labels)), labels]
    return MeanMetric((np.square(probabilities).sum(axis=-1) - 2 * of_label + 1)[None])
