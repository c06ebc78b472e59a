"""What the benchmarks measured, as tables: the scripts print them, and pages show them.

Open this module to show another number of `benchmarks/results`. The trap: rates and seconds are of
one machine on one day; only ratios, taken within pairs that ran next to each other, may be quoted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from mnbench.errors import UserError, cause

LEAST_SPEED = 2.5  # what the project aims at beside other libraries: times their images a second
MOST_SHARES = {"wall_seconds": 0.5, "peak_mib": 1.0}
_UNITS = {"cpu_seconds": "CPU-seconds", "core_seconds": "core-seconds", "gigabytes": "GB"}
ABOUT = "about"  # the file that says when, where and how busy: a row a script


@dataclass(frozen=True)
class Ratio:
    """A ratio of two ways to do the same work, over the pairs of one run."""

    median: float
    minimum: float
    maximum: float
    pairs: int

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        """Return the median and the spread of each pair's ratio."""
        return cls(float(np.median(ratios)), min(ratios), max(ratios), len(ratios))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.minimum:.2f} to {self.maximum:.2f})"


@dataclass(frozen=True)
class Speed:
    """The committed measurements, as a template of numbers reads them."""

    folder: Path

    def __getitem__(self, script: str) -> pd.DataFrame:
        """Return what a script measured: a row a pair, or a row a line of its table.

        Raises:
            UserError: it was not run, or its file is damaged.
        """
        file = self.folder / f"{script}.csv"
        try:
            return pd.read_csv(file, encoding="utf-8", keep_default_na=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{file}: not a readable table ({cause(error)}); run benchmarks/{script}.py"
            ) from error

    def measured(self, script: str) -> bool:
        """Return whether a script's results are there: what it compares with may be optional."""
        return (self.folder / f"{script}.csv").exists()

    @cached_property
    def about(self) -> pd.DataFrame:
        """When and where each script ran, by its name."""
        return self[ABOUT].set_index("script")

    def where(self, script: str) -> str:
        """Return when and where a script ran, as a line that stands above its table."""
        run = self.about.loc[script]
        cores = f"{run['cores']} core{'s' if run['cores'] > 1 else ''}"
        said = (
            f"`python benchmarks/{script}.py`, {run['date']}, {cores} ({run['processor']}), torch "
            f"{run['torch']}, {run['pairs']}."
        )
        if run["load"] == "":  # it timed nothing itself
            return said
        return f"{said} Waiting for the processor when it began: {run['load']} processes."

    def ratio(self, script: str, way: str, against: str) -> Ratio:
        """Return how many times faster a way is than another.

        Raises:
            KeyError: the two were not compared.
        """
        pairs = self[script]
        pairs = pairs[(pairs["way"] == way) & (pairs["against"] == against)]
        if pairs.empty:
            raise KeyError(f"{self.folder}: '{way}' and '{against}' were not compared")
        return speed_ratio(pairs)

    def ratios(self, script: str) -> dict[str, Ratio]:
        """Return how many times faster each way is than what it was compared with."""
        return {way: speed_ratio(rows) for way, rows in self[script].groupby("way", sort=False)}

    def pairs(self, script: str) -> str:
        """Return a script's pairs as a Markdown table."""
        return pairs_table(self[script])

    def peers(self) -> str:
        """Return the ensembles beside those of other libraries, as a Markdown table."""
        return peers_table(self["peers"])

    def missed_by_peers(self) -> str:
        """Return how many aims are missed beside other libraries, as a sentence or two."""
        pairs = self["peers"]
        missed = sum(
            _misses(column, ratio)
            for _, rows in pairs.groupby("against")
            for column, ratio in peer_ratios(rows).items()
        )
        aims = (
            f"The aims are {LEAST_SPEED} times the images a second, half the wall time and no more "
            "memory."
        )
        return f"{aims} **Missed:** {missed}, in bold." if missed else f"{aims} All are reached."

    def lines(self, script: str) -> str:
        """Return a script's lines as they are, as a Markdown table."""
        return lines_table(self[script])

    def growth(self) -> str:
        """Return how cost grows, as a Markdown table."""
        return growth_table(self["growth"])

    def clustering(self) -> str:
        """Return the seconds of clustering, as a Markdown table."""
        return clustering_table(self["clustering"])


def speed_ratio(pairs: pd.DataFrame) -> Ratio:
    """Return how many times faster the first way of each pair is."""
    rates = pairs["amount"] / pairs["seconds"]
    return Ratio.of(list(rates / (pairs["against_amount"] / pairs["against_seconds"])))


def pairs_table(pairs: pd.DataFrame) -> str:
    """Return a table of two ways a line: median rates, and the ratio with its spread.

    Args:
        pairs: columns way, against, unit, amount, seconds, against_amount, against_seconds.
    """
    (unit,) = set(pairs["unit"])
    lines = []
    for (way, against), rows in pairs.groupby(["way", "against"], sort=False):
        rates = [
            float((rows[f"{side}amount"] / rows[f"{side}seconds"]).median())
            for side in ("", "against_")
        ]
        first, second = (f"{rate:,.0f}" if rate >= 100 else f"{rate:.2f}" for rate in rates)
        lines.append([way, first, against, second, str(speed_ratio(rows))])
    return _table(["", f"{unit}/s", "against", f"{unit}/s", "ratio (min to max)"], "lrlrr", lines)


def peers_table(pairs: pd.DataFrame) -> str:
    """Return a table of an ensemble a line, here and as another library trains it; misses are bold.

    Args:
        pairs: columns way, against, and of both sides amount, seconds (of training and of the test
            images), wall_seconds (of the whole program), cpu_seconds and peak_mib (of all its
            processes together); and against_fit_seconds, of the other's training alone.
    """
    lines = []
    for (way, against), rows in pairs.groupby(["way", "against"], sort=False):
        shown = [
            f"**{ratio}**" if _misses(column, ratio) else str(ratio)
            for column, ratio in peer_ratios(rows).items()
        ]
        lines.append([against, way, *shown])
    names = ["against", "here", "images/s, times", "its `fit` alone, times", "wall time, share"]
    return _table([*names, "CPU time, share", "peak memory, share"], "llrrrrr", lines)


def peer_ratios(rows: pd.DataFrame) -> dict[str, Ratio]:
    """Return what is compared of one ensemble, in a table's order: speeds, then shares.

    Args:
        rows: its pairs, with the columns of :func:`peers_table`.
    """
    alone = rows.assign(against_seconds=rows["against_fit_seconds"])
    return {"speed": speed_ratio(rows), "speed_alone": speed_ratio(alone)} | {
        column: Ratio.of(list(rows[column] / rows[f"against_{column}"]))
        for column in ("wall_seconds", "cpu_seconds", "peak_mib")
    }


def _misses(column: str, ratio: Ratio) -> bool:
    """Return whether a ratio of :func:`peer_ratios` misses its aim, if it has one."""
    if column == "speed":
        return ratio.median < LEAST_SPEED
    return ratio.median > MOST_SHARES.get(column, math.inf)


def growth_table(rows: pd.DataFrame) -> str:
    """Return a table of a quantity a line: cost at its values, and the fitted exponents.

    Args:
        rows: columns quantity, value, repeat, cpu_seconds and training_flops.
    """
    lines = []
    for quantity, part in rows.groupby("quantity", sort=False):
        median = part.groupby("value")[["cpu_seconds", "training_flops"]].median()
        values = ", ".join(f"{value:,.0f}" for value in median.index)
        seconds = ", ".join(f"{value:.2f}" for value in median["cpu_seconds"])
        flops = ", ".join(f"{value / 1e9:.1f}" for value in median["training_flops"])
        powers = [exponent(median.index, median[cost]) for cost in median]
        lines.append([quantity, values, seconds, flops, *(f"{power:.2f}" for power in powers)])
    names = ["", "values", "CPU-seconds", "training GFLOPs", "exponent, seconds"]
    return _table([*names, "exponent, FLOPs"], "llllrr", lines)


def exponent(values: Sequence[float], costs: Sequence[float]) -> float:
    """Return the power of a quantity that its cost grows with: least squares of logarithms.

    >>> round(exponent([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    slope, _ = np.polyfit([math.log(v) for v in values], [math.log(cost) for cost in costs], 1)
    return float(slope)


def clustering_table(rows: pd.DataFrame) -> str:
    """Return a table of a clustering a line."""
    lines = [
        [row["variants_of"], f"{row['networks']:,}", row["g"], f"{row['cpu_seconds']:.2f}"]
        for row in rows.to_dict("records")
    ]
    return _table(["variants of", "networks", "g", "CPU-seconds"], "lrrr", lines)


def lines_table(rows: pd.DataFrame) -> str:
    """Return a table of the rows as they are: a column's numbers with as many digits each.

    Args:
        rows: any columns; a name is the table's without its underscores.
    """
    names = [_UNITS.get(column, column.replace("_", " ")) for column in rows]
    numbers = [pd.api.types.is_numeric_dtype(rows[column]) for column in rows]
    columns = [
        _numbers(rows[column]) if number else list(rows[column])
        for column, number in zip(rows, numbers, strict=True)
    ]
    lines = [list(line) for line in zip(*columns, strict=True)]
    return _table(names, "".join("lr"[number] for number in numbers), lines)


def _numbers(column: pd.Series) -> list[str]:
    """Return numbers as texts with the same digits behind the point, in groups before it."""
    digits = max(len(str(value).partition(".")[2]) for value in column)
    return [f"{value:,.{digits}f}" for value in column]


def _table(names: Sequence[str], alignment: str, lines: Sequence[Sequence[str]]) -> str:
    rule = ["---" if side == "l" else "--:" for side in alignment]
    rows = [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in [names, *lines]]
    return "\n".join([rows[0], f"|{'|'.join(rule)}|", *rows[1:]])
