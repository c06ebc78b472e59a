"""Table ``components``: what the error of each point, and its difference from Full Data, varies by.

Open it to see what ``mnbench plan --half-width`` predicts from. The trap: with few seeds their
variance is hardly known.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.points import Point, full_size
from mnbench.evaluation.precision import Components, components
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import POINT, SEEDS, SETTING, frame, setting_columns
from mnbench.evaluation.whole_networks import are_whole

TITLE = "What errors and their differences from Full Data vary by"

AGAINST = "full_data"
COLUMNS = {
    **SETTING,
    **POINT,
    "against": f"{AGAINST} at its plain budget, for the difference from it; empty for the error "
    "itself",
    **SEEDS,
    "images": "number of test images",
    "seed_variance": "variance that the seed alone decides, of a fraction",
    "image_variance": "variance of one image's answer that the image alone decides",
    "interaction_variance": "variance of one image's answer that seed and image decide together",
    "half_width": "half-width of the 95 % interval that they predict with these seeds and images",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return a row for every full-size point, and another for its difference from Full Data."""
    rows = []
    for setting, points in results.points.items():
        full = full_size(points)
        yardstick = next((point for point in full if are_whole(point.id)), None)
        rows += [setting_columns(setting) | row for row in _rows(full, yardstick)]
    return frame(rows, COLUMNS)


def read_components(row: Mapping[str, Any]) -> Components:
    """Return the components of a row of this table."""
    return Components(row["seed_variance"], row["image_variance"], row["interaction_variance"])


def _rows(points: Sequence[Point], yardstick: Point | None) -> Iterator[dict[str, Any]]:
    key = (AVERAGE, "test_error")
    for point in points:
        runs = {run.ensemble.seed: run for run in point.runs}
        others = {run.ensemble.seed: run for run in yardstick.runs} if yardstick else {}
        for against in (None, AGAINST):
            seeds = [seed for seed in runs if against is None or seed in others]
            if not seeds or (against and yardstick and yardstick.members == point.members):
                continue
            values = np.array([runs[seed].values[key] for seed in seeds])
            resampled = np.stack([runs[seed].replicates[key] for seed in seeds])
            if against:
                values = values - [others[seed].values[key] for seed in seeds]
                resampled = resampled - [others[seed].replicates[key] for seed in seeds]
            images = point.bootstrap.images
            found = components(values, resampled, images)
            yield point.id.columns() | {
                "against": against,
                "seeds": len(seeds),
                "images": images,
                "seed_variance": found.seed,
                "image_variance": found.image,
                "interaction_variance": found.both,
                "half_width": found.half_width(len(seeds), images) if len(seeds) > 1 else None,
            }
