"""Compare two studies point by point: before and after a change, or two machines.

Open this module to see the command ``mnbench compare``. The trap: points are compared over the
seeds that both studies have, on replicates that draw the same images and weigh the same seeds for
both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import MINIMUM_SEEDS, interval, p_value
from mnbench.evaluation.evaluate import Evaluation
from mnbench.evaluation.points import Point, full_size, on_shared_seeds, points
from mnbench.evaluation.tables.columns import POINT, SEEDS, SETTING, frame, with_interval
from mnbench.records.refusal import Unreadable
from mnbench.records.store import RecordStore

COLUMNS = {
    **SETTING,
    **POINT,
    **SEEDS,
    "first_error": "test error in the first study, fraction",
    "second_error": "test error in the second study, fraction",
    **with_interval("difference", "the second's test error less the first's, fraction"),
    "p": f"two-sided p of no difference, from {MINIMUM_SEEDS} seeds on",
    **with_interval(
        "cost_ratio",
        "the second's cost as a multiple of the first's, over the seeds whose costs were measured "
        "in both; empty where a device was shared",
    ),
}


@dataclass(frozen=True, eq=False)
class Pair:
    """The same point of two studies, on the seeds that both have."""

    dataset: str
    architecture_set: str
    first: Point
    second: Point


def compare(first: Evaluation, second: Evaluation, cost: str) -> pd.DataFrame:
    """Return one row, columns :data:`COLUMNS`, for every full-size point of both studies.

    Args:
        first: one study.
        second: the other.
        cost: the cost axis.

    Raises:
        UserError: the studies have nothing in common.
    """
    rows = [_row(pair, cost) for pair in _pairs(first, second)]
    if not rows:
        raise UserError(
            "the two studies have no full-size ensemble and seed in common: they need the same "
            "data set, architecture set, approach, g, budget, size and variant, and the same images"
        )
    return frame(rows, COLUMNS)


def check_same_images(stores: Sequence[RecordStore]) -> None:
    """Check that two studies are evaluated on the same images, which a difference pairs.

    Args:
        stores: of the two studies, evaluated on the same set.

    Raises:
        UserError: a folder of images has another content; on the development images, a key of
            ``data`` that decides them differs; or the labels of a data set differ.
    """
    datasets = ({id.dataset for id in store.plan.trainings} for store in stores)
    for dataset in sorted(set.intersection(*datasets)):
        _check_content(stores, dataset)
        if stores[0].evaluated_on != TEST_SET:
            _check_held_out(stores, dataset)
        _check_labels(stores, dataset)


def _data_of(store: RecordStore, dataset: str) -> dict[str, Any]:
    """Return what decides the images of a data set's first training."""
    return next(one.data for one in store.plan.trainings.values() if one.id.dataset == dataset)


def _check_content(stores: Sequence[RecordStore], dataset: str) -> None:
    """Check that a folder of images held the same ones, where the data set is one."""
    ours, theirs = (_data_of(store, dataset).get("content") for store in stores)
    if ours != theirs:
        first, second = (store.plan.study for store in stores)
        raise UserError(
            f"the images of '{dataset}' in study '{first}' are others than in '{second}': another "
            "folder, other files or other keys; run one of them again on the other's"
        )


def _check_held_out(stores: Sequence[RecordStore], dataset: str) -> None:
    """Check the numbers that decide which images are for development."""
    first, second = (store.plan for store in stores)
    ours, theirs = (_data_of(store, dataset) for store in stores)
    # Development images lie before the validation images of each class (mnbench.datasets.split).
    for key in ("validation_images", "development_images"):
        if ours.get(key) != theirs.get(key):
            raise UserError(
                f"key 'data.{key}': {ours.get(key)} in study '{first.study}', {theirs.get(key)} in "
                f"'{second.study}', so that their development images differ; run one again with "
                "the other's number, or leave --on development out"
            )


def _check_labels(stores: Sequence[RecordStore], dataset: str) -> None:
    """Check that the labels of a data set agree, so that its files were the same."""
    evaluated_on = stores[0].evaluated_on
    try:
        ours, theirs = (store.labels(dataset, evaluated_on) for store in stores)
    except Unreadable:
        raise
    except UserError:  # no record has any, which is said when they are evaluated
        return
    if not np.array_equal(ours, theirs):
        first, second = (store.plan.study for store in stores)
        raise UserError(
            f"the {evaluated_on} images of '{dataset}' have other labels in study '{first}' than "
            f"in '{second}'; run one of them again on the other's files of '{dataset}'"
        )


def _pairs(first: Evaluation, second: Evaluation) -> Iterator[Pair]:
    of_second = points(second)
    for setting, of_first in points(first).items():
        known = {point.id: point for point in full_size(of_second.get(setting, ()))}
        for point in full_size(of_first):
            match = known.get(point.id)
            if match is None or match.bootstrap.images != point.bootstrap.images:
                continue
            common = on_shared_seeds(_on_one_bootstrap(point, match))
            if common:
                yield Pair(*setting, *common)


def _on_one_bootstrap(first: Point, second: Point) -> list[Point]:
    """Return both points on the seeds that both studies list, with the same weights of each.

    A study's own bootstrap weighs seeds by their place in its list. In lists that differ one seed
    would have independent weights, and the points would not be paired.
    """
    listed = second.bootstrap.seeds
    seeds = tuple(seed for seed in first.bootstrap.seeds if seed in listed)
    shared = replace(first.bootstrap, seeds=seeds)
    return [replace(point.on_seeds(seeds), bootstrap=shared) for point in (first, second)]


def _row(pair: Pair, cost: str) -> dict[str, object]:
    first, second = pair.first, pair.second
    difference = second.error - first.error
    low, high = interval(difference)
    return {
        "dataset": pair.dataset,
        "architecture_set": pair.architecture_set,
        **first.id.columns(),
        "seeds": len(first.seeds),
        "first_error": first.value("test_error"),
        "second_error": second.value("test_error"),
        "difference": second.value("test_error") - first.value("test_error"),
        "difference_low": low,
        "difference_high": high,
        "p": p_value(difference) if len(first.seeds) >= MINIMUM_SEEDS else float("nan"),
        **_cost_ratio(pair, cost),
    }


def _cost_ratio(pair: Pair, cost: str) -> dict[str, float]:
    """Return the ratio of the costs on the seeds that both have a measurement of; {} without."""
    timed = on_shared_seeds([pair.first, pair.second], cost)
    if not timed:
        return {}
    first, second = timed
    low, high = interval(second.cost_replicates(cost) / first.cost_replicates(cost))
    value = second.cost(cost) / first.cost(cost)
    return {"cost_ratio": value, "cost_ratio_low": low, "cost_ratio_high": high}
