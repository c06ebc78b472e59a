"""The table behind reliability diagrams."""

from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import full_size, points

COLUMNS = (
    *("dataset", "ensemble", "approach", "g", "budget", "size"),
    *("bin", "images", "confidence", "accuracy"),
)


def reliability(evaluation: Evaluation) -> pd.DataFrame:
    """One row for every full-size point and bin of confidence, its seeds' images together.

    Columns :data:`COLUMNS`: the bin's number from 0, how many images it holds, and their mean
    confidence and accuracy, empty in an empty bin.
    """
    rows = []
    for (dataset, ensemble), here in points(evaluation).items():
        for point in full_size(here):
            key = point.key
            where = (dataset, ensemble, key.approach, key.g, key.budget, key.size)
            total = reduce(add, (run.reliability for run in point.runs))
            with np.errstate(invalid="ignore"):
                confidence, accuracy = (
                    values / total.images for values in (total.confidence, total.right)
                )
            rows += [
                (*where, *of_bin)
                for of_bin in zip(
                    range(len(total.images)), total.images, confidence, accuracy, strict=True
                )
            ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"g": "Int64"})
