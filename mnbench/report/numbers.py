"""The README's numbers: passages that are written from the committed tables, and never typed.

The README marks where each goes, between ``<!-- numbers: NAME -->`` and ``<!-- end -->``; a
template has a block of each name, which reads the tables through :class:`Results`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, StrictUndefined, TemplateError

from mnbench.errors import UserError
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.points import Key
from mnbench.evaluation.tables.convergence import of_ensemble, verdict
from mnbench.evaluation.tables.tables import read_table
from mnbench.report.overview import overview

_PASSAGE = re.compile(r"(<!-- numbers: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Results:
    """The tables of a finished study, as a template reads them.

    Points are called as in the tables: ``mothernets g=2``, ``full_data ×0.5``.
    """

    folder: Path

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The averaging rule's full-size rows, with the point's name."""
        rows = read_table(self.folder / "estimates.csv")
        rows = rows[(rows["rule"] == "average") & rows["full_size"]]
        return rows.assign(point=[_name(row) for row in rows.to_dict("records")])

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Test errors of every two points."""
        return read_table(self.folder / "differences.csv")

    @cached_property
    def gains(self) -> pd.DataFrame:
        """What longer training gains one network."""
        return read_table(self.folder / "convergence.csv")

    @cached_property
    def networks(self) -> pd.DataFrame:
        """A row a training."""
        return read_table(self.folder / "networks.csv")

    @property
    def ensembles(self) -> list[str]:
        """The names of the ensembles, as planned."""
        return list(dict.fromkeys(self.estimates["architecture_set"]))

    @property
    def seeds(self) -> int:
        """How many."""
        return int(self.estimates["seeds"].max())

    @property
    def images(self) -> int:
        """How many test images."""
        return int(self.estimates["images"].max())

    @property
    def train_images(self) -> int:
        """How many images a network saw in an epoch."""
        return int((self.networks["examples"] / self.networks["epochs"]).median())

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """What became of each claim, in order, as ``claims.md`` says."""
        text = read_text(self.folder / "claims.md")
        return dict(
            re.findall(r"^## (\S+): ((?:not )?(?:reproduced|tested).*)$", text, re.MULTILINE)
        )

    def _here(self, table: pd.DataFrame, architecture_set: str) -> pd.DataFrame:
        """Rows of one ensemble; the README's studies have one data set."""
        return of_ensemble(table, self.estimates["dataset"].iloc[0], architecture_set)

    def point(self, architecture_set: str, name: str) -> pd.Series:
        """One point's means and intervals.

        Raises:
            KeyError: the study has no such point.
        """
        rows = self._here(self.estimates, architecture_set)
        rows = rows[rows["point"] == name]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: no point '{name}' of '{architecture_set}'")
        return rows.iloc[0]

    def ratio(self, architecture_set: str, cost: str, name: str, to: str = "full_data") -> float:
        """What a point costs, as a multiple of another."""
        return float(
            self.point(architecture_set, name)[cost] / self.point(architecture_set, to)[cost]
        )

    def costs(self, architecture_set: str, name: str, to: str = "full_data") -> str:
        """What a point costs, as a multiple of another, in words.

        The time only where every seed of both has one: means over other seeds are no pair.
        """
        flops, seconds = (
            self.ratio(architecture_set, c, name, to) for c in ("training_flops", "cpu_seconds")
        )
        both = [self.point(architecture_set, one) for one in (name, to)]
        if any(row["timed_seeds"] < row["seeds"] for row in both):
            return f"{flops:.2f} of the FLOPs"
        return f"{flops:.2f} of the FLOPs and {seconds:.2f} of the CPU-seconds"

    def difference(
        self, architecture_set: str, first: str, second: str
    ) -> tuple[float, float, float]:
        """The first point's error less the second's, and its interval: fractions.

        Raises:
            KeyError: the two were not compared.
        """
        rows = self.differences[self.differences["architecture_set"] == architecture_set]
        columns = ["difference", "difference_low", "difference_high"]
        for one, other, sign in ((first, second, 1), (second, first, -1)):
            found = rows[(rows["first"] == one) & (rows["second"] == other)]
            if len(found) == 1:
                value, low, high = (sign * float(found.iloc[0][column]) for column in columns)
                return value, min(low, high), max(low, high)
        raise KeyError(
            f"{self.folder}: '{first}' and '{second}' of '{architecture_set}' not compared"
        )

    def on_front(self, architecture_set: str, cost: str) -> list[str]:
        """The points on the Pareto front of the means, the cheapest first."""
        rows = self._here(self.estimates, architecture_set).dropna(subset=[cost])
        rows = rows[pareto_front(rows[cost], rows["test_error"])]
        return list(rows.sort_values(cost)["point"])

    def table(self, architecture_set: str) -> str:
        """The overview's table of one ensemble, as Markdown."""
        rows = read_table(self.folder / "estimates.csv")
        said = overview(self._here(rows, architecture_set), self.gains)
        return "\n".join(line for line in said.splitlines() if line.startswith("|"))

    def convergence(self, architecture_set: str) -> str:
        """Whether one network has converged, as a sentence without its full stop."""
        return verdict(self._here(self.gains, architecture_set)).sentence


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give another file") from error


def fill(readme: str, template: str, results: Mapping[str, Results]) -> str:
    """Write a README's passages anew.

    Args:
        readme: its text.
        template: a Jinja template with a block for each passage.
        results: the studies that the template reads, by the names that it uses.

    Raises:
        UserError: a passage without a block, a block without a passage, or a block that asks for
            what the tables do not have.
    """
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": _percent, "points": _points, "signed": _signed}
    try:
        blocks = environment.from_string(template)
        context = blocks.new_context(dict(results))
        texts = {name: "".join(block(context)) for name, block in blocks.blocks.items()}
    except (TemplateError, KeyError) as error:
        raise UserError(f"the README's template: {error.args[0]}") from error
    marked = {name for _, name, _, _ in _PASSAGE.findall(readme)}
    if marked != set(texts):
        odd = ", ".join(sorted(marked ^ set(texts)))
        raise UserError(f"the README and its template do not have the same passages: {odd}")
    return _PASSAGE.sub(lambda found: f"{found[1]}{texts[found[2]].strip()}\n{found[4]}", readme)


def _name(row: Mapping) -> str:
    g = None if pd.isna(row["g"]) else int(row["g"])
    return str(Key(row["approach"], g, row["budget"], row["size"]))


def _percent(point: pd.Series, measure: str, digits: int = 2) -> str:
    """A measure of a point in percent, with its interval."""
    value, low, high = (100 * point[f"{measure}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"


def _signed(difference: tuple[float, float, float]) -> str:
    """A difference of errors in percentage points, with its sign."""
    value, low, high = (100 * part for part in difference)
    return f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def _points(difference: tuple[float, float, float]) -> str:
    """A difference of errors in percentage points, said as more or fewer."""
    value, *ends = (100 * part for part in difference)
    low, high = sorted(np.sign(value or 1.0) * np.array(ends))
    return f"{abs(value):.2f} points {'more' if value > 0 else 'less'} ({low:.2f} to {high:.2f})"
