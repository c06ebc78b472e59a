"""What an ensemble's answers are worth: measures that can be taken again on resampled images.

A measure is a function of weights on the test images. With equal weights it is the figure in the
tables; with those of a bootstrap (:mod:`mnbench.evaluation.bootstrap`) thousands of resamples are
measured at once. scikit-learn and torchmetrics take one set of weights at a time; the tests compare
ours with theirs.

Shapes: probabilities ``(images, classes)``, labels ``(images,)``, weights ``(resamples, images)``,
each row summing to one.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from mnbench.evaluation.combination import Answer

Name = TypeVar("Name", bound=Hashable)
BINS = 15  # of the calibration error, on [0, 1]
AT_ONCE = 10  # resamples


class Measure(Protocol):
    """A figure of one ensemble."""

    def value(self) -> float:
        """On the test images as they are."""

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """On images weighted by each row of *weights*: ``(resamples,)``."""


@dataclass(frozen=True, eq=False)
class OfMeans:
    """A function of means over images; for most measures of one mean, and that mean itself."""

    values: np.ndarray  # (quantities, images)
    finish: Callable[[np.ndarray], np.ndarray] = lambda means: means[0]  # (quantities, ...) to ...

    def value(self) -> float:
        """As :meth:`Measure.value`."""
        return float(self.finish(self.values.mean(axis=1)))

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """As :meth:`Measure.resampled`."""
        means = self.values.astype(weights.dtype) @ weights.T
        return self.finish(means.astype(np.float64))


def resampled(measures: Mapping[Name, Measure], weights: np.ndarray) -> dict[Name, np.ndarray]:
    """Take many measures of the same images again.

    Those of means share one matrix product: it is the reading of the weights that takes long.
    """
    of_means = {name: one for name, one in measures.items() if isinstance(one, OfMeans)}
    found = {name: one.resampled(weights) for name, one in measures.items() if name not in of_means}
    if of_means:
        # What several are functions of is averaged once.
        values = {id(one.values): one.values for one in of_means.values()}
        stacked = np.concatenate([part.astype(weights.dtype) for part in values.values()])
        ends = np.cumsum([len(part) for part in values.values()])
        parts = np.split((stacked @ weights.T).astype(np.float64), ends[:-1])
        means = dict(zip(values, parts, strict=True))
        found |= {name: one.finish(means[id(one.values)]) for name, one in of_means.items()}
    return found


def error(answer: Answer, labels: np.ndarray) -> Measure:
    """The fraction of images whose predicted class is not their label."""
    return OfMeans((answer.predicted != labels)[None])


def oracle_error(predicted: np.ndarray, labels: np.ndarray) -> Measure:
    """The fraction of images that every network gets wrong; *predicted* ``(networks, images)``."""
    return OfMeans((predicted != labels).all(axis=0)[None])


def member_error(predicted: np.ndarray, labels: np.ndarray) -> Measure:
    """The mean of the networks' own error rates; *predicted* ``(networks, images)``."""
    return OfMeans((predicted != labels).mean(axis=0)[None])


def negative_log_likelihood(answer: Answer, labels: np.ndarray) -> Measure:
    """The mean of ``-log p(label)``, in nats."""
    return OfMeans(-answer.log_probabilities[np.arange(len(labels)), labels][None])


def brier_score(answer: Answer, labels: np.ndarray) -> Measure:
    """The mean squared distance of the probabilities from the label's, from 0 to 2 (Brier 1950)."""
    probabilities = answer.probabilities
    of_label = probabilities[np.arange(len(labels)), labels]
    return OfMeans((np.square(probabilities).sum(axis=-1) - 2 * of_label + 1)[None])


def calibration_error(answer: Answer, labels: np.ndarray, bins: int = BINS) -> Measure:
    """The expected calibration error with equal-width bins (Guo et al. 2017, section 2).

    The images are binned by the probability of their predicted class; the error is the mean over
    images of the gap between their bin's mean confidence and its accuracy.
    """
    gap = answer.confidence - (answer.predicted == labels)
    # A bin's images weigh as many as they are, which cancels the division by their number.
    values = np.zeros((bins, len(labels)))
    values[bin_of(answer.confidence, bins), np.arange(len(labels))] = gap
    return OfMeans(values, lambda means: np.abs(means).sum(axis=0))


def bin_of(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the number of each confidence's bin, from 0; an edge belongs to the bin above it."""
    return np.minimum((confidence * bins).astype(int), bins - 1)


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The area under the risk-coverage curve (Geifman, El-Yaniv 2017).

    If only the images with at least some confidence are answered, the risk is the error rate among
    them. The area is the mean of the risk over the thresholds that the images' own confidences
    are: images of equal confidence are answered together, so that their order decides nothing.
    """

    wrong: np.ndarray  # bool (images,)
    confidence: np.ndarray  # (images,)

    def value(self) -> float:
        """As :meth:`Measure.value`."""
        images = len(self.wrong)
        return float(self.resampled(np.full((1, images), 1 / images))[0])

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """As :meth:`Measure.resampled`."""
        order = np.argsort(-self.confidence, kind="stable")
        descending = -self.confidence[order]
        last = np.searchsorted(descending, descending, side="right") - 1  # of equal confidences
        ties = (last > np.arange(len(last))).any()
        wrong_images = self.wrong[order].astype(weights.dtype)
        found = np.empty(len(weights))
        # As many at once as stay in the processor's cache: three times as fast as all.
        for start in range(0, len(weights), AT_ONCE):
            some = weights[start : start + AT_ONCE].take(order, axis=1)
            answered = np.cumsum(some, axis=1)
            wrong = some * wrong_images
            np.cumsum(wrong, axis=1, out=wrong)
            if ties:
                answered, wrong = answered.take(last, axis=1), wrong.take(last, axis=1)
            # Nothing answered has no risk, and no weight either.
            np.divide(wrong, answered, out=wrong, where=answered > 0)
            found[start : start + AT_ONCE] = np.einsum("ri,ri->r", some, wrong)
        return found


def area_under_risk_coverage(answer: Answer, labels: np.ndarray) -> Measure:
    """See :class:`RiskCoverage`."""
    return RiskCoverage(answer.predicted != labels, answer.confidence)
