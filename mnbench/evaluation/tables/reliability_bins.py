"""The table behind reliability diagrams."""

from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import Point, full_size, points

COLUMNS = (
    *("dataset", "architecture_set", "approach", "g", "budget", "size", "seeds"),
    *("bin", "images", "confidence", "accuracy", "accuracy_low", "accuracy_high"),
)


def reliability(evaluation: Evaluation) -> pd.DataFrame:
    """One row for every full-size point and bin of confidence, its seeds' images together.

    Columns :data:`COLUMNS`: the bin's number from 0, how many images it holds, and their mean
    confidence and accuracy, empty in an empty bin, this with its 95 % interval.
    """
    rows = []
    for (dataset, architecture_set), here in points(evaluation).items():
        for point in full_size(here):
            key = point.key
            where = (
                dataset,
                architecture_set,
                key.approach,
                key.g,
                key.budget,
                key.size,
                len(point.runs),
            )
            total = reduce(add, (run.reliability for run in point.runs))
            with np.errstate(invalid="ignore"):
                confidence, accuracy = (
                    values / total.images for values in (total.confidence, total.right)
                )
            numbers = range(len(total.images))
            ends = [interval(again) for again in _accuracies(point, len(numbers))]
            rows += [
                (*where, *of_bin, *of_ends)
                for *of_bin, of_ends in zip(
                    numbers, total.images, confidence, accuracy, ends, strict=True
                )
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"g": "Int64"})


def _accuracies(point: Point, bins: int) -> np.ndarray:
    """The accuracy in each bin in every replicate: ``(bins, replicates)``."""
    again = [run.reliability_again for run in point.runs if run.reliability_again]
    if len(again) < len(point.runs):
        return np.full((bins, 1), np.nan)
    images, right = (
        np.stack(
            [
                point.bootstrap.over_seeds(point.seeds, np.stack([one[number] for one in of_seeds]))
                for number in range(bins)
            ]
        )
        for of_seeds in ([one.images for one in again], [one.right for one in again])
    )
    # Where a replicate has no image in a bin (or, by its weights of the seeds, less) there is none.
    found = np.divide(right, images, out=np.full_like(right, np.nan), where=images > 0)
    return np.clip(found, 0, 1)
