"""Evaluated ensembles made up from which images each answers wrongly, without any record."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import Bootstrap
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.evaluate import EvaluatedEnsemble, Evaluation
from mnbench.evaluation.metrics import MeanMetric, resample
from mnbench.evaluation.metrics.calibration import Reliability
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import table_module
from mnbench.planning.lineage import Ensemble
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import Cost

IMAGES, REPLICATES = 400, 300
WHERE = ("fashion_mnist", "v5-small")
Name = tuple[str, int | None, float, int]  # approach, g, budget, size


def wrong(error: float, seed: int = 0, images: int = IMAGES) -> np.ndarray:
    """Return which images are answered wrongly: bool (images,), the same fraction exactly."""
    order = np.random.default_rng(seed).permutation(images)
    return order < round(error * images)


def evaluation(
    runs: Mapping[Name, Sequence[np.ndarray | None]],
    costs: Mapping[Name, float] | None = None,
    shared: Sequence[tuple[Name, int]] = (),
) -> Evaluation:
    """Make up an evaluation.

    Args:
        runs: by point the wrong images of every seed from 0; None is a missing one.
        costs: CPU-seconds of every point, 10 unless given.
        shared: points and seeds whose times were taken on a shared device.
    """
    seeds = tuple(range(max(len(of_seeds) for of_seeds in runs.values())))
    images = next(one for some in runs.values() for one in some if one is not None).size
    bootstrap = Bootstrap(seeds, images, REPLICATES)
    largest = {name[0]: max(other[3] for other in runs if other[0] == name[0]) for name in runs}
    evaluated = []
    for name, of_seeds in runs.items():
        approach, g, budget, size = name
        for seed, wrong_images in enumerate(of_seeds):
            if wrong_images is None:
                continue
            metrics = {
                (AVERAGE, "test_error"): MeanMetric(wrong_images[None]),
                # A gain of a third by combining.
                (AVERAGE, "mean_member_error"): MeanMetric(
                    (1.5 if size > 1 else 1.0) * wrong_images[None]
                ),
            }
            members = tuple(
                TrainingId(*WHERE, seed, approach, f"g{g}_budget{budget}_{i}") for i in range(size)
            )
            row = Ensemble(*WHERE, seed, approach, size, members, g, budget)
            seconds = (costs or {}).get(name, 10.0)
            cost = Cost(
                epochs=seconds,
                examples=int(100 * seconds),
                training_flops=int(1e9 * seconds),
                device_seconds=2 * seconds,
                cpu_seconds=seconds,
                held_seconds=seconds if (name, seed) in shared else 2 * seconds,
            )
            evaluated.append(
                EvaluatedEnsemble(
                    row,
                    cost,
                    size,
                    1.0,
                    {name: metric.value() for name, metric in metrics.items()},
                    resample(metrics, bootstrap.image_weights),
                    Reliability(
                        *(np.array([n]) for n in (images, 0.9 * images, (~wrong_images).sum()))
                    ),
                    size == largest[approach],
                )
            )
    return Evaluation(tuple(evaluated), (), {WHERE[0]: bootstrap})


def table(name: str, of: Evaluation, *costs: str) -> pd.DataFrame:
    """Build a table that needs no record."""
    return table_module(name).build(StudyResults(None, of, costs or ("cpu_seconds",)))


def same_for(seeds: int, error: float) -> list[np.ndarray]:
    """The same error of each seed, of images of its own."""
    return [wrong(error, seed) for seed in range(seeds)]
