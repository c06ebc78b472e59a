"""Confidence intervals: a bootstrap over seeds and test images, paired across all points.

Open this module to see what an interval covers. Two things vary: what a seed decides (initial
weights, order of images, noise), and which images happen to be in the test set. Every ensemble of
every seed predicts the same images, so the two are crossed, and both are drawn anew. In one
replicate all approaches see the same seeds and the same images; so a difference between two points
has its own, narrower interval.

Images are many, and drawn with replacement (Efron 1979). Seeds are few: n of them drawn with
replacement vary less than they should, by (n - 1) / n. Instead each replicate weighs the seeds at
random so that a mean has its unbiased variance.

The trap: from n seeds their spread is hardly known. Of quantities that seeds alone decide, an
interval of 95 % holds the truth in 70 % of all cases with two seeds, in 81 % with three and in 88 %
with five. Every table therefore names n, and there is no p-value below three seeds. One seed has no
spread: its intervals are of the images alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

REPLICATES = 1000
LEVEL = 0.95
MINIMUM_SEEDS = 3  # for a p-value
TIE = 1e-7  # float32 makes this of no difference; one image of ten thousand weighs more


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
    def _draws(self) -> np.ndarray:
        """Normal numbers ``(replicates, seeds)`` from which the weights of any points are made.

        All points share them, so that they are paired.
        """
        return np.random.default_rng(1).normal(size=(self.replicates, len(self.seeds)))

    def seed_weights(self, seeds: Sequence[int]) -> np.ndarray:
        """Return weights of seeds: ``(replicates, seeds)``, each row summing to one.

        With normal numbers z of mean zero over the seeds, the sum of z_s x_s has the variance of
        the sum of squares of the x_s about their mean; divided by n (n - 1), that of their mean.
        """
        number = len(seeds)
        if number == 1:
            return np.ones((self.replicates, 1))
        chosen = self._draws[:, [self.seeds.index(seed) for seed in seeds]]
        centred = chosen - chosen.mean(axis=1, keepdims=True)
        return 1 / number + centred / np.sqrt(number * (number - 1))

    def over_seeds(self, seeds: Sequence[int], values: np.ndarray) -> np.ndarray:
        """Return the mean of a quantity over the seeds, as each replicate weighs them.

        Args:
            seeds: those that have the quantity.
            values: ``(seeds, replicates)``, the quantity on each replicate's images; or
                ``(seeds,)``, one that no images decide.

        Returns:
            ``(replicates,)``; NaN without seeds.
        """
        if not len(seeds):
            return np.full(self.replicates, np.nan)
        values = np.asarray(values, dtype=np.float64)
        values = values[:, None] if values.ndim == 1 else values
        return (self.seed_weights(seeds).T * values).sum(axis=0)


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Return the percentile interval of a quantity; NaN where no replicate has it."""
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def p_value(replicates: np.ndarray) -> float:
    """Return the two-sided p of a difference: one less the level whose interval ends at zero.

    This is twice the share of replicates on the other side of zero, with one added to both counts
    (Davison, Hinkley 1997, section 4.2), so it is never zero.

    Args:
        replicates: of the difference.
    """
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return float("nan")
    tail = min((known <= TIE).sum(), (known >= -TIE).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(known) + 1)))
