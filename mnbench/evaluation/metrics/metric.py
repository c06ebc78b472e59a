"""The metric: a function of weights on the test images.

Open this module to see how a metric is taken on thousands of bootstrap replicates at once. With
equal weights a metric has the value in the tables; with the weights of
:mod:`mnbench.evaluation.bootstrap` it has a value for every replicate. The trap: weights are
``(replicates, images)``, and each row sums to one.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)


class Metric(Protocol):
    """A number that an ensemble's predictions have, on the test images or on a resample."""

    def value(self) -> float:
        """Return the metric on the test images."""

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """Return the metric under each row of *weights*: ``(replicates,)``."""


def _first(means: np.ndarray) -> np.ndarray:
    return means[0]


@dataclass(frozen=True, eq=False)
class MeanMetric:
    """A metric that is a function of means over images.

    Attributes:
        values: ``(quantities, images)``, what is averaged over the images.
        function: from the means ``(quantities, ...)`` to the metric ``(...)``; the first mean
            unless given.

    >>> wrong = MeanMetric(np.array([[1.0, 0.0, 0.0, 1.0]]))
    >>> wrong.value(), wrong.resampled(np.array([[0.5, 0.5, 0.0, 0.0]])).tolist()
    (0.5, [0.5])
    """

    values: np.ndarray
    function: Callable[[np.ndarray], np.ndarray] = _first

    def value(self) -> float:
        """Return the metric on the test images."""
        return float(self.function(self.values.mean(axis=1)))

    def resampled(self, weights: np.ndarray) -> np.ndarray:
        """Return the metric under each row of *weights*: ``(replicates,)``."""
        means = self.values.astype(weights.dtype) @ weights.T
        return self.function(means.astype(np.float64))


def resample(metrics: Mapping[Name, Metric], weights: np.ndarray) -> dict[Name, np.ndarray]:
    """Return many metrics of the same images on every replicate: ``(replicates,)`` each.

    Metrics of means share one matrix product, since reading the weights takes longest.

    Args:
        metrics: by name.
        weights: ``(replicates, images)``, each row summing to one.

    >>> wrong = MeanMetric(np.array([[1.0, 0.0]]))
    >>> resample({"error": wrong}, np.array([[0.5, 0.5], [0.0, 1.0]]))["error"].tolist()
    [0.5, 0.0]
    """
    of_means = {name: metric for name, metric in metrics.items() if isinstance(metric, MeanMetric)}
    replicates = {
        name: metric.resampled(weights) for name, metric in metrics.items() if name not in of_means
    }
    if of_means:
        # Values that several metrics are functions of are averaged once.
        values = {id(metric.values): metric.values for metric in of_means.values()}
        stacked = np.concatenate([part.astype(weights.dtype) for part in values.values()])
        ends = np.cumsum([len(part) for part in values.values()])
        parts = np.split((stacked @ weights.T).astype(np.float64), ends[:-1])
        means = dict(zip(values, parts, strict=True))
        replicates |= {
            name: metric.function(means[id(metric.values)]) for name, metric in of_means.items()
        }
    return replicates
