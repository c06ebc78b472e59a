"""How the networks of an ensemble answer together: four rules.

Shapes: log-probabilities ``(networks, images, classes)``, labels ``(images,)``. Everything is
computed in float64.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

RULES = {
    "average": "average of the networks' softmax outputs",
    "vote": "majority vote, ties broken by the summed softmax outputs",
    "super_learner": "average weighted by weights on the simplex that fit the validation images",
    "oracle": "right where any network is right: a bound, no rule to use",
}


# Logarithm of the smallest sum of probabilities that still has all its digits.
SMALLEST = float(np.log(np.finfo(np.float64).tiny)) + 40


@dataclass(frozen=True, eq=False)
class Answer:
    """What an ensemble says of each image."""

    log_probabilities: np.ndarray  # (images, classes); of a class without a vote -inf
    predicted: np.ndarray  # (images,)

    @property
    def probabilities(self) -> np.ndarray:
        """The same, ``(images, classes)``."""
        return np.exp(self.log_probabilities)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, ``(images,)``."""
        return np.exp(self.log_probabilities[np.arange(len(self.predicted)), self.predicted])


def average(log_probabilities: np.ndarray, weights: np.ndarray | None = None) -> Answer:
    """Average the networks' probabilities.

    What all networks hold impossible to the last bit stays finite.

    Args:
        log_probabilities: ``(networks, images, classes)``.
        weights: of the networks, on the simplex; equal ones unless given.
    """
    networks = len(log_probabilities)
    if networks == 1:
        together = log_probabilities[0]
    else:
        weights = np.full(networks, 1 / networks) if weights is None else weights
        with np.errstate(divide="ignore"):
            together = np.log(np.tensordot(weights, np.exp(log_probabilities), axes=1))
        # What is too small for a number has a logarithm all the same.
        lost = ~(together > SMALLEST)
        if lost.any():
            used = weights > 0  # zero times impossible is not a number
            together[lost] = logsumexp(
                log_probabilities[used][:, lost], axis=0, b=weights[used, None]
            )
    return Answer(together, together.argmax(axis=-1))


def vote(log_probabilities: np.ndarray) -> Answer:
    """Count votes; the probability of a class is its share of them.

    Args:
        log_probabilities: ``(networks, images, classes)``.
    """
    votes = count_votes(log_probabilities.argmax(axis=-1), log_probabilities.shape[-1])
    predicted = votes.argmax(axis=-1)
    most = votes == votes.max(axis=-1, keepdims=True)
    tied = most.sum(axis=-1) > 1
    summed = average(log_probabilities[:, tied]).log_probabilities
    predicted[tied] = np.where(most[tied], summed, -np.inf).argmax(axis=-1)
    with np.errstate(divide="ignore"):
        shares = np.log(votes / len(log_probabilities))
    return Answer(shares, predicted)


def count_votes(predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return how many networks predict each class, ``(images, classes)``.

    Args:
        predicted: classes ``(networks, images)``.
        classes: how many there are.
    """
    images = predicted.shape[-1]
    flat = predicted + classes * np.arange(images)
    counts = np.bincount(flat.ravel(), minlength=images * classes)
    return counts.reshape(images, classes)


def super_learner_weights(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Fit weights of a weighted average (Super Learner: van der Laan, Polley, Hubbard 2007).

    They minimise the negative log-likelihood of the mixture, which is convex in them, over the
    simplex.

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

    found = minimize(
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
    weights = np.where(found.x > 1e-9, found.x, 0)
    # Where the search fails nothing better than equal weights is known.
    return weights / weights.sum() if np.isfinite(weights).all() and weights.any() else equal
