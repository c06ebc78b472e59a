"""Intervals: a bootstrap over seeds and over test images, paired across all that is compared.

Two things vary: what a seed decides (initial weights, order of images, noise), and which images
happen to be in the test set. Every ensemble of every seed answers the same images, so the two are
crossed, and both are drawn anew, independently: the pigeonhole bootstrap (Owen 2007), which errs,
if at all, towards wider intervals. In one replicate all approaches see the same seeds and the same
images; so a difference between two has its own, narrower interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

REPLICATES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Bootstrap:
    """Replicates of a study's seeds and of a data set's test images; the same each time."""

    seeds: tuple[int, ...]
    images: int
    replicates: int = REPLICATES

    @cached_property
    def image_weights(self) -> np.ndarray:
        """Weight of every image in every replicate: float32 ``(replicates, images)``."""
        rng = np.random.default_rng(0)
        drawn = rng.multinomial(
            self.images, np.full(self.images, 1 / self.images), size=self.replicates
        )
        return (drawn / self.images).astype(np.float32)

    @cached_property
    def seed_counts(self) -> np.ndarray:
        """How often every seed is drawn in every replicate: ``(replicates, seeds)``."""
        rng = np.random.default_rng(1)
        number = len(self.seeds)
        return rng.multinomial(number, np.full(number, 1 / number), size=self.replicates)

    def over_seeds(self, seeds: Sequence[int], values: np.ndarray) -> np.ndarray:
        """Average one figure over the seeds that each replicate draws.

        Args:
            seeds: those for which there is a figure.
            values: ``(seeds, replicates)``, the figure on each replicate's images; or ``(seeds,)``,
                one that no images decide.

        Returns:
            ``(replicates,)``; NaN where a replicate draws none of *seeds*.
        """
        counts = self.seed_counts[:, [self.seeds.index(seed) for seed in seeds]].T
        values = np.asarray(values, dtype=np.float64)
        if values.ndim == 1:
            values = values[:, None]
        total = (counts * values).sum(axis=0)
        drawn = counts.sum(axis=0)
        return np.divide(total, drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of a figure; NaN where no replicate has it."""
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def p_value(replicates: np.ndarray) -> float:
    """Return how likely a difference at least as far from zero is if there is none, two-sided.

    Twice the share of replicates on the other side of zero, counting one more than there are
    (Davison, Hinkley 1997, section 4.2), so that it is never zero.

    Args:
        replicates: of the difference.
    """
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return float("nan")
    tail = min((known <= 0).sum(), (known >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(known) + 1)))
