"""Columns that several tables have, and frames that have exactly the documented columns.

Open this module to see what a column is called everywhere. The trap: g is a nullable whole number,
since most approaches have none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from mnbench.evaluation.points import Point, Points

SETTING = {
    "dataset": "data set",
    "architecture_set": "name of the architecture set",
}
POINT = {
    "approach": "how the networks were trained",
    "g": "number of clusters (MotherNets only)",
    "budget": "multiple of the epochs that the approach's trainings have at budget 1",
    "size": "number of networks that predict together; for the wider network, of the ensemble that "
    "has as many parameters",
    "variant": "what else tells it from the approach's others, in words; empty for the approach as "
    "the study sets it",
}
SEEDS = {"seeds": "number of seeds that the row is a mean over"}
COST_AXIS = {"cost": "cost axis, a column of summary.csv"}
WORK = {
    "epochs": "passes over the training set, summed over all trainings billed",
    "examples": "training examples seen, summed over all trainings billed",
    "training_flops": "floating-point operations of training, by formula",
    "cpu_seconds": "process CPU time of the training steps, seconds",
    "device_seconds": "wall time that the training steps held the device, seconds",
    "peak_memory_bytes": "largest peak memory of any job billed, bytes (device memory on a GPU, "
    "resident memory on a CPU)",
    "shared_device": "whether the seconds are no timing: other jobs had over a quarter of the "
    "device while it trained, as far as could be seen, or it was another device than most records "
    "of the study have",
}


def with_interval(name: str, meaning: str) -> dict[str, str]:
    """Return a column and the two ends of its 95 % confidence interval."""
    return {
        name: meaning,
        f"{name}_low": f"lower end of the 95 % confidence interval of `{name}`",
        f"{name}_high": f"upper end of the 95 % confidence interval of `{name}`",
    }


def read_off(name: str, meaning: str) -> dict[str, str]:
    """Return the columns of a quantity that is read off a budget curve."""
    return with_interval(name, meaning) | {
        f"{name}_reached": "fraction of the replicates in which the curve reaches that far"
    }


def prefixed(columns: Mapping[str, str], prefix: str, whose: str) -> dict[str, str]:
    """Return columns of one of two things that a row compares."""
    return {f"{prefix}{name}": f"{meaning}, of {whose}" for name, meaning in columns.items()}


def setting_columns(setting: tuple[str, str]) -> dict[str, str]:
    """Return the columns of a (data set, architecture set)."""
    return dict(zip(SETTING, setting, strict=True))


def rows_on_axes(
    points: Points,
    costs: Iterable[str],
    rows_of: Callable[[Sequence[Point], str], Iterable[Mapping[str, Any]]],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of every cost axis, data set and architecture set, with the columns of these.

    Args:
        points: all of a study.
        costs: the cost axes.
        rows_of: from the points of one data set and architecture set, and an axis, to the rest of
            each row.
    """
    for cost in costs:
        for setting, of_set in points.items():
            for row in rows_of(of_set, cost):
                yield setting_columns(setting) | {"cost": cost, **row}


def frame(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a table with exactly *columns*, whole numbers of clusters nullable."""
    return typed(pd.DataFrame(list(rows), columns=list(columns)))


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with g, and first_g and second_g, as nullable whole numbers."""
    clusters = [name for name in table if name == "g" or str(name).endswith("_g")]
    return table.astype(dict.fromkeys(clusters, "Int64"))
