"""Combination methods: from the networks' predictions to the ensemble's.

Open this module to add a method or to look up how one breaks ties. Shapes: log-probabilities
``(networks, images, classes)``, labels ``(images,)``; everything is float64. The trap: the oracle
knows the labels, so it bounds the error and is no method to use.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

AVERAGE = "average"  # the method of every figure and table that names no other
COMBINATIONS = {
    AVERAGE: "average of the networks' softmax outputs",
    "vote": "majority vote, ties broken by the summed softmax outputs",
    "super_learner": "average weighted by weights on the simplex that fit the validation images",
    "oracle": "right where any network is right: a bound, no method to use",
}


# Logarithm of the smallest sum of probabilities that still has all its digits.
SMALLEST_LOG = float(np.log(np.finfo(np.float64).tiny)) + 40


@dataclass(frozen=True, eq=False)
class Prediction:
    """What an ensemble predicts for each image.

    Attributes:
        log_probabilities: ``(images, classes)``; -inf for a class without a vote.
        classes: predicted, ``(images,)``.
    """

    log_probabilities: np.ndarray
    classes: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        """Probabilities, ``(images, classes)``."""
        return np.exp(self.log_probabilities)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, ``(images,)``."""
        return np.exp(self.log_probabilities[np.arange(len(self.classes)), self.classes])


def average(log_probabilities: np.ndarray, weights: np.ndarray | None = None) -> Prediction:
    """Return the average of the networks' probabilities.

    A class that all networks hold impossible to the last bit keeps a finite log-probability.

    Args:
        log_probabilities: ``(networks, images, classes)``.
        weights: of the networks, on the simplex; equal ones unless given.

    >>> average(np.log([[[0.9, 0.1]], [[0.2, 0.8]]])).probabilities.round(2).tolist()
    [[0.55, 0.45]]
    """
    networks = len(log_probabilities)
    if networks == 1:
        together = log_probabilities[0]
    else:
        weights = np.full(networks, 1 / networks) if weights is None else weights
        with np.errstate(divide="ignore"):
            together = np.log(np.tensordot(weights, np.exp(log_probabilities), axes=1))
        # A probability too small for a float still has a logarithm.
        lost = ~(together > SMALLEST_LOG)
        if lost.any():
            used = weights > 0  # zero times impossible is not a number
            together[lost] = logsumexp(
                log_probabilities[used][:, lost], axis=0, b=weights[used, None]
            )
    return Prediction(together, together.argmax(axis=-1))


def vote(log_probabilities: np.ndarray) -> Prediction:
    """Return the majority vote; the probability of a class is its share of the votes.

    Args:
        log_probabilities: ``(networks, images, classes)``.

    >>> vote(np.log([[[0.9, 0.1]], [[0.4, 0.6]], [[0.4, 0.6]]])).classes.tolist()
    [1]
    """
    counts = count_votes(log_probabilities.argmax(axis=-1), log_probabilities.shape[-1])
    classes = counts.argmax(axis=-1)
    most = counts == counts.max(axis=-1, keepdims=True)
    tied = most.sum(axis=-1) > 1
    summed = average(log_probabilities[:, tied]).log_probabilities
    classes[tied] = np.where(most[tied], summed, -np.inf).argmax(axis=-1)
    with np.errstate(divide="ignore"):
        shares = np.log(counts / len(log_probabilities))
    return Prediction(shares, classes)


def count_votes(predicted: np.ndarray, number: int) -> np.ndarray:
    """Return how many networks predict each class, ``(images, classes)``.

    Args:
        predicted: classes ``(networks, images)``.
        number: of classes.
    """
    images = predicted.shape[-1]
    flat = predicted + number * np.arange(images)
    counts = np.bincount(flat.ravel(), minlength=images * number)
    return counts.reshape(images, number)


def super_learner_weights(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the weights of a weighted average (Super Learner: van der Laan et al. 2007).

    The weights minimise the negative log-likelihood of the mixture over the simplex, a convex
    problem.

    Args:
        log_probabilities: of the validation images, ``(networks, images, classes)``.
        labels: of the validation images.

    Returns:
        ``(networks,)``, non-negative, summing to one.
    """
    networks = len(log_probabilities)
    equal = np.full(networks, 1 / networks)
    if networks == 1:
        return equal
    of_label = log_probabilities[:, np.arange(len(labels)), labels]
    # To scale an image's probabilities moves the objective by a constant only.
    of_label = np.exp(of_label - of_label.max(axis=0))

    def objective(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mixture = weights @ of_label
        return -np.log(mixture).mean(), -(of_label / mixture).mean(axis=1)

    solution = minimize(
        objective,
        equal,
        jac=True,
        method="SLSQP",
        # A mixture without any weight has no logarithm, hence a bound just above zero.
        bounds=[(1e-12, 1)] * networks,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1,
            "jac": lambda weights: np.ones(networks),
        },
        options={"ftol": 1e-10, "maxiter": 200},
    )
    weights = np.where(solution.x > 1e-9, solution.x, 0)
    # If the search fails, equal weights are as good as any known.
    return weights / weights.sum() if np.isfinite(weights).all() and weights.any() else equal
