"""Table ``reliability_bins``: confidence and accuracy, the numbers behind reliability diagrams.

Open it to change the diagram's intervals. The trap: all seeds' images are counted together, so the
bins hold several times the test set.
"""

from functools import reduce
from operator import add

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.metrics.calibration import Reliability
from mnbench.evaluation.points import Point, full_size
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import (
    POINT,
    SEEDS,
    SETTING,
    frame,
    setting_columns,
    with_interval,
)

TITLE = "Confidence and accuracy by bins of confidence"

COLUMNS = {
    **SETTING,
    **POINT,
    **SEEDS,
    "bin": "number of the bin, from 0: 15 of equal width on [0, 1]",
    "images": "number of test images in it, all seeds together",
    "confidence": "their mean confidence, fraction; empty in an empty bin",
    **with_interval("accuracy", "their accuracy, fraction; empty in an empty bin"),
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every full-size point and bin, its seeds' images together."""
    rows = []
    for setting, points in results.points.items():
        for point in full_size(points):
            total: Reliability = reduce(add, (run.reliability for run in point.runs))
            with np.errstate(invalid="ignore"):
                confidence = total.confidence / total.images
                accuracy = total.right / total.images
            named = setting_columns(setting) | point.id.columns()
            for number, replicates in enumerate(_accuracies(point, len(total.images))):
                low, high = interval(replicates)
                rows.append(
                    named
                    | {
                        "seeds": len(point.runs),
                        "bin": number,
                        "images": total.images[number],
                        "confidence": confidence[number],
                        "accuracy": accuracy[number],
                        "accuracy_low": low,
                        "accuracy_high": high,
                    }
                )
    return frame(rows, COLUMNS)


def _accuracies(point: Point, bins: int) -> np.ndarray:
    """Return the accuracy in each bin in every replicate: ``(bins, replicates)``."""
    of_seeds = [run.resampled_reliability for run in point.runs if run.resampled_reliability]
    if len(of_seeds) < len(point.runs):
        return np.full((bins, 1), np.nan)

    def over_seeds(part: str) -> np.ndarray:
        values = np.stack([getattr(run.reliability, part) for run in point.runs])
        resampled = np.stack([getattr(diagram, part) for diagram in of_seeds])
        return np.stack(
            [
                point.bootstrap.over_seeds(point.seeds, values[:, number], resampled[:, number])
                for number in range(bins)
            ]
        )

    images, right = over_seeds("images"), over_seeds("right")
    # A replicate without an image in a bin has no accuracy there. (The weights of the seeds can
    # even make its number of images negative.)
    accuracy = np.divide(right, images, out=np.full_like(right, np.nan), where=images > 0)
    return np.clip(accuracy, 0, 1)
