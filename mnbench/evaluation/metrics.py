"""What an ensemble's answers are worth: pure functions of logits, probabilities and labels.

Shapes: logits ``(networks, images, classes)``, probabilities ``(images, classes)``, labels
``(images,)``. Everything is computed in float64 and returned as a plain float or array.
"""

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax


def average_probabilities(logits: np.ndarray) -> np.ndarray:
    """Combine networks by the average of their softmax outputs.

    Args:
        logits: ``(networks, images, classes)``.

    Returns:
        Probabilities ``(images, classes)``, float64.
    """
    return softmax(logits.astype(np.float64), axis=-1).mean(axis=0)


def error_rate(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the fraction of images whose most probable class is not their label.

    Args:
        probabilities: ``(images, classes)``; logits give the same answer.
        labels: ``(images,)``.
    """
    return float((probabilities.argmax(axis=-1) != labels).mean())


def member_error_rates(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the error rate of every network by itself, ``(networks,)``."""
    return (logits.argmax(axis=-1) != labels).mean(axis=-1)


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of ``-log p(label)`` in nats, p being the average of the networks' softmax.

    Computed from logits, so that a network which is certain and wrong costs a large number and
    never an infinite one.

    Args:
        logits: ``(networks, images, classes)``, finite.
        labels: ``(images,)``.
    """
    log_probabilities = log_softmax(logits.astype(np.float64), axis=-1)
    of_label = log_probabilities[:, np.arange(labels.size), labels]
    return float(-(logsumexp(of_label, axis=0) - np.log(len(logits))).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Return the expected calibration error with equal-width bins (Guo et al. 2017).

    The images are binned by the probability of their predicted class; the error is the mean over
    images of the gap between their bin's mean confidence and its accuracy.

    Args:
        probabilities: ``(images, classes)``.
        labels: ``(images,)``.
        bins: number of bins on [0, 1].
    """
    confidence = probabilities.max(axis=-1)
    correct = probabilities.argmax(axis=-1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    # Weighting each bin by its images cancels the division by its number of images.
    gaps = np.bincount(index, weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / labels.size)


def disagreement(logits: np.ndarray) -> float:
    """Return the fraction of images on which two networks predict different classes.

    The mean over all pairs of networks; NaN for one network, which has no pair.

    Args:
        logits: ``(networks, images, classes)``.
    """
    networks, images, classes = logits.shape
    if networks < 2:
        return float("nan")
    predicted = logits.argmax(axis=-1)
    # A class with v votes has v(v-1) ordered pairs that agree: linear, not quadratic, in networks.
    flat = (predicted + classes * np.arange(images)).ravel()
    votes = np.bincount(flat, minlength=images * classes)
    agreeing = (votes * (votes - 1)).sum() / images
    return float(1 - agreeing / (networks * (networks - 1)))
