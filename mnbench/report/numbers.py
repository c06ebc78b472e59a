"""Numbers in pages: passages that are written from the committed tables, and never typed.

Open this module to add a number to the README or docs. A page marks where a passage goes, between
``<!-- numbers: NAME -->`` and ``<!-- end -->``. A template has a block of each name, which reads
the tables through :class:`Results`. What it says of a number is checked
(:mod:`mnbench.report.wording`). The trap: page and template must have the same names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined, TemplateError

from mnbench.errors import UserError
from mnbench.evaluation.combination import AVERAGE
from mnbench.evaluation.convergence import convergence_of
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.tables.files import read_table, select
from mnbench.naming import approach_title, named_variant, point_name
from mnbench.report.overview import TABLES
from mnbench.report.search_table import search_table
from mnbench.report.verdicts import claims_table, verdict_matrix
from mnbench.report.wording import FILTERS, Untrue
from mnbench.report.worth_table import each_point_once, worth_table

REFERENCE_POINT = "Full Data"  # the point that others are compared with
_ENDS = ("", "_low", "_high")
_PASSAGE = re.compile(r"(<!-- numbers: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Results:
    """The tables of a finished study, as a template reads them.

    Points are called by the names that people say: ``MotherNets, g = 2``.
    """

    folder: Path

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables that the overview is made of, by name."""
        return {name: read_table(self.folder / f"{name}.csv") for name in TABLES}

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The averaging method's full-size rows, with the point's name."""
        rows = self.tables["estimates"]
        rows = rows[(rows["combination"] == AVERAGE) & rows["full_size"]]
        return rows.assign(point=[point_name(row) for row in rows.to_dict("records")])

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Test errors of every two points, with both names."""
        rows = read_table(self.folder / "differences.csv")
        names = {
            whose: [point_name(row, f"{whose}_") for row in rows.to_dict("records")]
            for whose in ("first", "second")
        }
        return rows.assign(**names)

    @cached_property
    def networks(self) -> pd.DataFrame:
        """A row a training."""
        return read_table(self.folder / "networks.csv")

    @property
    def architecture_sets(self) -> list[str]:
        """The names of the architecture sets, as planned."""
        return list(dict.fromkeys(self.estimates["architecture_set"]))

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.estimates["seeds"].max())

    @property
    def images(self) -> int:
        """Number of test images."""
        return int(self.estimates["images"].max())

    @property
    def train_images(self) -> int:
        """Number of images that a network saw in an epoch."""
        return int((self.networks["examples"] / self.networks["epochs"]).median())

    @property
    def verdicts(self) -> pd.DataFrame:
        """The table ``verdicts``: a row a claim."""
        return read_table(self.folder / "verdicts.csv")

    def _rows(self, table: pd.DataFrame, architecture_set: str) -> pd.DataFrame:
        """Return the rows of one architecture set; these studies have one data set."""
        return select(table, self.estimates["dataset"].iloc[0], architecture_set)

    def point(self, architecture_set: str, name: str) -> pd.Series:
        """Return one point's means and intervals.

        Raises:
            KeyError: the study has no such point.
        """
        rows = self._rows(self.estimates, architecture_set)
        rows = rows[rows["point"] == name]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: no point '{name}' of '{architecture_set}'")
        return rows.iloc[0]

    def has(self, architecture_set: str, name: str) -> bool:
        """Return whether the study has a point."""
        rows = self._rows(self.estimates, architecture_set)
        return bool((rows["point"] == name).any())

    def ensembles(self, approach: str) -> int:
        """Return the number of full-size ensembles of an approach, each seed's counted."""
        return int(self.estimates.loc[self.estimates["approach"] == approach, "seeds"].sum())

    def variants(self, approach: str) -> int:
        """Return the number of an approach's named variants."""
        rows = self.estimates[self.estimates["approach"] == approach]
        return len({named_variant(variant) for variant in rows["variant"]} - {""})

    def ratio(
        self, architecture_set: str, cost: str, name: str, to: str = REFERENCE_POINT
    ) -> float:
        """Return a point's cost as a multiple of another's."""
        first, second = self.point(architecture_set, name), self.point(architecture_set, to)
        return float(first[cost] / second[cost])

    def ratios(self, cost: str, name: str, to: str = REFERENCE_POINT) -> list[float]:
        """Return a point's cost as a multiple of another's, in each architecture set."""
        return [self.ratio(each, cost, name, to) for each in self.architecture_sets]

    def gaps(self, first: str, second: str) -> list[tuple[float, float, float]]:
        """Return the first point's error less the second's, in each architecture set."""
        return [self.difference(each, first, second) for each in self.architecture_sets]

    def costs(self, architecture_set: str, name: str, to: str = REFERENCE_POINT) -> str:
        """Return a point's costs as multiples of another's, in words.

        The time is there only if every seed of both has one: means over other seeds are no pair.
        """
        flops, seconds = (
            self.ratio(architecture_set, cost, name, to)
            for cost in ("training_flops", "cpu_seconds")
        )
        both = [self.point(architecture_set, point) for point in (name, to)]
        if any(row["timed_seeds"] < row["seeds"] for row in both):
            return f"{flops:.2f} of the FLOPs"
        return f"{flops:.2f} of the FLOPs and {seconds:.2f} of the CPU-seconds"

    def difference(
        self, architecture_set: str, first: str, second: str
    ) -> tuple[float, float, float]:
        """Return the first point's error less the second's, and its interval: fractions.

        Raises:
            KeyError: the two were not compared.
        """
        rows = self._rows(self.differences, architecture_set)
        columns = ["difference", "difference_low", "difference_high"]
        for names, sign in (((first, second), 1), ((second, first), -1)):
            row = rows[(rows["first"] == names[0]) & (rows["second"] == names[1])]
            if len(row) == 1:
                value, low, high = (sign * float(row.iloc[0][column]) for column in columns)
                return value, min(low, high), max(low, high)
        raise KeyError(
            f"{self.folder}: '{first}' and '{second}' of '{architecture_set}' not compared"
        )

    def against(
        self,
        architecture_set: str,
        cost: str,
        name: str,
        against: str,
        quantity: str,
        variant: str = "",
    ) -> tuple[float, float, float]:
        """Return what a point gains on another approach's budget curve, and its interval.

        Args:
            architecture_set: of both.
            cost: the cost axis.
            name: the point.
            against: the other approach, by its name in configurations.
            quantity: "speed_up" or "error_gain".
            variant: the other approach's variant, with a curve of its own; "" is the plain one.

        Returns:
            NaN where the curve does not reach.

        Raises:
            KeyError: the two were not compared.
        """
        rows = self._rows(read_table(self.folder / "equal_error.csv"), architecture_set)
        rows = rows[(rows["cost"] == cost) & (rows["against"] == against)]
        rows = rows[rows["against_variant"] == variant]
        rows = rows[[point_name(row) == name for row in rows.to_dict("records")]]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: '{name}' and '{against}' not compared at equal error")
        value, low, high = (float(rows.iloc[0][f"{quantity}{end}"]) for end in _ENDS)
        return value, low, high

    def speed_ups(self, cost: str, name: str, against: str) -> list[float]:
        """Return another approach's cost at a point's error, as its multiple, in each set."""
        return [self.against(s, cost, name, against, "speed_up")[0] for s in self.architecture_sets]

    def front_share(self, architecture_set: str, cost: str, name: str) -> float:
        """Return the share of replicates in which a point is on the front of all points.

        Raises:
            KeyError: the study has no such point.
        """
        rows = self._rows(read_table(self.folder / "fronts.csv"), architecture_set)
        rows = rows[(rows["cost"] == cost) & rows["on_front"].notna()]
        rows = rows[[point_name(row) == name for row in rows.to_dict("records")]]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: no point '{name}' among the fronts")
        return float(rows.iloc[0]["on_front"])

    def on_front(self, architecture_set: str, cost: str) -> list[str]:
        """Return the points on the Pareto front of the means, the cheapest first, and each once."""
        rows = each_point_once(self._rows(self.estimates, architecture_set).dropna(subset=[cost]))
        rows = rows[pareto_front(rows[cost], rows["test_error"])]
        return list(rows.sort_values(cost)["point"])

    def table(self, architecture_set: str) -> str:
        """Return each approach at its plain budget, beside Full Data's budgets, as Markdown."""
        tables = (self.estimates, read_table(self.folder / "equal_error.csv"))
        return worth_table(*(self._rows(table, architecture_set) for table in tables))

    def search(self, architecture_set: str, approach: str) -> str:
        """Return the table of an approach's variants, as Markdown."""
        rows = self._rows(self.estimates, architecture_set)
        return search_table(rows[rows["approach"] == approach])

    def searches(self, architecture_set: str) -> str:
        """Return a heading and the table of variants for every approach, as Markdown."""
        return "\n\n".join(
            f"{approach_title(approach)}:\n\n{self.search(architecture_set, approach)}"
            for approach in dict.fromkeys(self.estimates["approach"])
        )

    def convergence(self, architecture_set: str) -> str:
        """Return whether one network has converged, as a sentence without its full stop."""
        return convergence_of(self._rows(self.tables["convergence"], architecture_set)).sentence


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give another file") from error


def fill(page: str, template: str, results: Mapping[str, object]) -> str:
    """Return a page with its passages written anew.

    Args:
        page: its text.
        template: a Jinja template with a block for each passage.
        results: the studies that the template reads, by the names that it uses.

    Raises:
        UserError: a passage without a block, a block without a passage, or a block that asks for
            what the tables do not have, or says what they do not bear out.
    """
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= FILTERS
    environment.filters |= {"claims_table": claims_table, "verdict_matrix": verdict_matrix}
    name = ""
    try:
        blocks = environment.from_string(template)
        context = blocks.new_context(dict(results))
        texts: dict[str, str] = {}
        for name, block in blocks.blocks.items():
            texts[name] = "".join(block(context))
    except (TemplateError, KeyError) as error:
        raise UserError(f"the template of numbers: {error.args[0]}") from error
    except Untrue as error:
        raise UserError(
            f"the template of numbers: passage '{name}': {error}; write the sentence anew"
        ) from error
    marked = {name for _, name, _, _ in _PASSAGE.findall(page)}
    if marked != set(texts):
        odd = ", ".join(sorted(marked ^ set(texts)))
        raise UserError(f"the page and its template do not have the same passages: {odd}")
    return _PASSAGE.sub(lambda found: f"{found[1]}{texts[found[2]].strip()}\n{found[4]}", page)
