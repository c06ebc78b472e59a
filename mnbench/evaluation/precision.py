"""What a quantity varies by, and how precise more seeds and images would make it.

Open this module to plan a study: how many seeds and test images a wanted half-width takes. A
quantity of seed s on image i is a mean plus what the seed, the image and both together decide:
a crossed two-way layout (Searle, Casella, McCulloch 1992, chapter 4). The trap: the seeds' variance
from few seeds is hardly known, and may come out as zero.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from mnbench.evaluation.bootstrap import LEVEL, MINIMUM_SEEDS


@dataclass(frozen=True)
class Components:
    """The variance of one seed's answer to one image, in three parts.

    Attributes:
        seed: what the seed alone decides.
        image: what the image alone decides.
        both: what seed and image together decide.
    """

    seed: float
    image: float
    both: float

    def half_width(self, seeds: int, images: float) -> float:
        """Return the half-width that a 95 % interval would have.

        As in the bootstrap: what varies between seeds has Student's t, what varies between images
        for the mean over seeds is normal, and their half-widths add in squares.
        """
        between = (self.seed + self.both / images) / seeds
        of_seeds = student.ppf((1 + LEVEL) / 2, seeds - 1) ** 2 * between
        of_images = norm.ppf((1 + LEVEL) / 2) ** 2 * (self.image + self.both / seeds) / images
        return float(np.sqrt(of_seeds + of_images))

    def images_for(self, half_width: float, seeds: int) -> float:
        """Return the images that reach a half-width with so many seeds; inf if none do."""
        t, z = student.ppf((1 + LEVEL) / 2, seeds - 1), norm.ppf((1 + LEVEL) / 2)
        left = half_width**2 - t**2 * self.seed / seeds
        if left <= 0:
            return float("inf")
        needed = t**2 * self.both / seeds + z**2 * (self.image + self.both / seeds)
        return float(needed / left)

    def seeds_for(self, half_width: float, images: float, at_most: int = 1000) -> int | None:
        """Return the fewest seeds that reach a half-width, from those that claims need.

        None if *at_most* do not.
        """
        candidates = range(MINIMUM_SEEDS, at_most + 1)
        return next((n for n in candidates if self.half_width(n, images) <= half_width), None)


def components(values: np.ndarray, resampled: np.ndarray, images: int) -> Components:
    """Return the components of a quantity that is a mean over images.

    The variance over replicates of one seed's value is that of image and both; of the mean over n
    seeds, that of image and an n-th of both. What is left of the variance between seeds is theirs.

    Args:
        values: of each seed, on the images as they are.
        resampled: of each seed on every replicate's images, ``(seeds, replicates)``.
        images: their number.

    Returns:
        NaN everywhere of a single seed.
    """
    n = len(values)
    if n < 2:
        return Components(*[float("nan")] * 3)
    of_one = float(resampled.var(axis=1).mean()) * images
    of_mean = float(resampled.mean(axis=0).var()) * images
    both = max((of_one - of_mean) / (1 - 1 / n), 0.0)
    between = float(np.var(values, ddof=1))
    return Components(max(between - both / images, 0.0), max(of_one - both, 0.0), both)
