"""Confidence intervals: a bootstrap over seeds and test images, paired across all points.

Open this module to see what an interval covers. Two things vary: what a seed decides (initial
weights, order of images, noise), and which images happen to be in the test set. Every ensemble of
every seed predicts the same images, so the two are crossed, and both are drawn anew. In one
replicate all approaches see the same seeds and the same images; so a difference between two points
has its own, narrower interval.

Images are many, and drawn with replacement (Efron 1979). Seeds are few: n of them drawn with
replacement vary too little, by (n - 1) / n, and from so few their spread is hardly known. Instead
each replicate weighs the seeds at random so that a mean varies as Student's t says. Images are
resampled for the mean over the seeds, and seeds are weighed on the images as they are: done at once
the interaction of image and seed would count three times, and intervals were too wide. How often an
interval holds the truth is simulated by ``mnbench.evaluation.coverage``.

The trap: an interval of two seeds is wide, since t has one degree of freedom; and one seed has no
spread, so its intervals are of the images alone. There is no p-value below three seeds.
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
        """Normal numbers ``(2, replicates, seeds)``: for the seeds' weights, and for t's divisor.

        All points share them, so that they are paired.
        """
        return np.random.default_rng(1).normal(size=(2, self.replicates, len(self.seeds)))

    def seed_weights(self, seeds: Sequence[int]) -> np.ndarray:
        """Return weights of seeds: ``(replicates, seeds)``, each row summing to one.

        With normal numbers z of mean zero over the seeds, the sum of z_s x_s has the variance of
        the sum of squares of the x_s about their mean; divided by n (n - 1), that of their mean.
        Divided once more by the root of chi-squared over its n - 1 degrees of freedom, the mean
        has Student's t about it, and several means together the multivariate t.
        """
        number = len(seeds)
        if number == 1:
            return np.ones((self.replicates, 1))
        chosen = self._draws[0][:, [self.seeds.index(seed) for seed in seeds]]
        centred = chosen - chosen.mean(axis=1, keepdims=True)
        chi_squared = (self._draws[1][:, : number - 1] ** 2).sum(axis=1, keepdims=True)
        return 1 / number + centred / np.sqrt(number * chi_squared)

    def over_seeds(
        self, seeds: Sequence[int], values: np.ndarray, resampled: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the mean of a quantity over the seeds in every replicate.

        Args:
            seeds: those that have the quantity.
            values: the quantity on the images as they are, ``(seeds,)``.
            resampled: on each replicate's images, ``(seeds, replicates)``; None of a quantity that
                no images decide.

        Returns:
            ``(replicates,)``; NaN without seeds.
        """
        if not len(seeds):
            return np.full(self.replicates, np.nan)
        values = np.asarray(values, dtype=np.float64)
        about_the_mean = (self.seed_weights(seeds) - 1 / len(seeds)) @ values
        mean = values.mean() if resampled is None else resampled.mean(axis=0, dtype=np.float64)
        return mean + about_the_mean


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
