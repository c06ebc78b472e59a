"""Two studies side by side: before and after a change, or two machines."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import LEAST_SEEDS, interval, p_value
from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import Point, full_size, points

COLUMNS = (
    "dataset",
    "architecture_set",
    "point",
    "size",
    "seeds",
    *("first_error", "second_error", "difference", "difference_low", "difference_high", "p"),
    *("cost_ratio", "cost_ratio_low", "cost_ratio_high"),
)


@dataclass(frozen=True, eq=False)
class Pair:
    """The same point of two studies, on the seeds that both have."""

    dataset: str
    architecture_set: str
    first: Point
    second: Point


def compare(first: Evaluation, second: Evaluation, cost: str) -> pd.DataFrame:
    """Compare the full-size ensembles that two studies have in common.

    Points are paired by data set, ensemble, approach, g, budget and size, and over the seeds that
    both studies have; replicates draw the same images for both.

    Returns:
        Columns :data:`COLUMNS`: the second's error less the first's, and the second's cost as a
        multiple of the first's, with 95 % intervals. A cost ratio is empty where a time was taken
        on a shared device.

    Raises:
        UserError: the studies have nothing in common.
    """
    rows = [_row(pair, cost) for pair in _pairs(first, second)]
    if not rows:
        raise UserError(
            "the two studies have no full-size ensemble and seed in common: they need the same "
            "data set, architecture_set, approach, g, budget and size, and test images"
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _pairs(first: Evaluation, second: Evaluation) -> Iterator[Pair]:
    others = points(second)
    for where, here in points(first).items():
        known = {point.key: point for point in full_size(others.get(where, ()))}
        for point in full_size(here):
            other = known.get(point.key)
            if other is None or other.bootstrap.images != point.bootstrap.images:
                continue
            common = [seed for seed in point.seeds if seed in other.seeds]
            if common:
                yield Pair(*where, point.on_seeds(common), other.on_seeds(common))


def _row(pair: Pair, cost: str) -> dict[str, object]:
    first, second = pair.first, pair.second
    difference = second.error - first.error
    low, high = interval(difference)
    costs = [point.cost_replicates(cost) for point in (first, second)]
    ratio_low, ratio_high = interval(costs[1] / costs[0])
    return {
        "dataset": pair.dataset,
        "architecture_set": pair.architecture_set,
        "point": str(first.key),
        "size": first.key.size,
        "seeds": len(first.seeds),
        "first_error": first.value("test_error"),
        "second_error": second.value("test_error"),
        "difference": second.value("test_error") - first.value("test_error"),
        "difference_low": low,
        "difference_high": high,
        "p": p_value(difference) if len(first.seeds) >= LEAST_SEEDS else float("nan"),
        "cost_ratio": second.cost(cost) / first.cost(cost),
        "cost_ratio_low": ratio_low,
        "cost_ratio_high": ratio_high,
    }


def as_markdown(table: pd.DataFrame, first: str, second: str, cost: str) -> str:
    """Lay a comparison out for people.

    Args:
        table: of :func:`compare`.
        first: the name of the first study.
        second: the name of the second.
        cost: the cost axis.
    """
    lines = []
    for (dataset, architecture_set), rows in table.groupby(
        ["dataset", "architecture_set"], sort=False
    ):
        lines += [
            f"## {dataset}, {architecture_set}: {second} less {first}, over {_seeds(rows)}\n",
            f"| approach | networks | {first}: error % | {second}: error % | difference (95 %) | "
            f"{cost}, multiple (95 %) |",
            "|---|--:|--:|--:|--:|--:|",
            *(_line(row) for _, row in rows.iterrows()),
            "",
        ]
    return "\n".join(lines)


def _seeds(rows: pd.DataFrame) -> str:
    seeds = rows["seeds"].max()
    return f"{seeds} seeds" if seeds > 1 else "one seed"


def _line(row: pd.Series) -> str:
    error = [f"{100 * row[column]:.2f}" for column in ("first_error", "second_error")]
    difference = " to ".join(
        f"{100 * row[column]:.2f}" for column in ("difference_low", "difference_high")
    )
    ratio = ""
    if np.isfinite(row["cost_ratio"]):
        ends = " to ".join(f"{row[c]:.2f}" for c in ("cost_ratio_low", "cost_ratio_high"))
        ratio = f"{row['cost_ratio']:.2f} ({ends})"
    cells = [
        row["point"],
        f"{row['size']}",
        *error,
        f"{100 * row['difference']:+.2f} ({difference})",
        ratio,
    ]
    return f"| {' | '.join(cells)} |"
