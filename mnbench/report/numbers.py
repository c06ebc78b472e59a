"""The numbers of a finished study, as the passages of pages ask for them.

Open this module to let a template (:mod:`mnbench.report.passages`) ask for another number. The
trap: points are called by the names that people say, so a renamed approach is a renamed point.
"""

import pandas as pd

from mnbench.evaluation.convergence import convergence_of
from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.whole_networks import whole_networks_for
from mnbench.naming import approach_title, named_variant, point_name
from mnbench.report.search_table import search_table
from mnbench.report.study_tables import StudyTables
from mnbench.report.worth_table import each_point_once, worth_table

REFERENCE_POINT = "Full Data"  # the point that others are compared with
_ENDS = ("", "_low", "_high")


class Results(StudyTables):
    """What templates ask of a finished study's tables."""

    def point(self, architecture_set: str, name: str, networks: int = 0) -> pd.Series:
        """Return one point's means and intervals.

        Args:
            architecture_set: whose point it is.
            name: as people say it.
            networks: its ensemble's size; 0 is the full size.

        Raises:
            KeyError: the study has no such point.
        """
        rows = self._rows(self.averaged, architecture_set)
        sized = rows["size"] == networks if networks else rows["full_size"]
        rows = rows[(rows["point"] == name) & sized]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: no point '{name}' of '{architecture_set}'")
        return rows.iloc[0]

    def whole_networks(self, architecture_set: str, name: str) -> pd.Series:
        """Return the most networks of Full Data that cost no more FLOPs than a point.

        Raises:
            KeyError: the study has no point of that name, or its networks of Full Data do not tell.
        """
        flops = self.point(architecture_set, name)["training_flops"]
        row = whole_networks_for(self._rows(self.averaged, architecture_set), flops)
        if row is None:
            raise KeyError(f"{self.folder}: how many of '{REFERENCE_POINT}' '{name}' pays for")
        return row

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

    def epochs(self, architecture_set: str, approach: str, role: str = "member") -> pd.Series:
        """Return the epochs of each training of an approach's networks.

        Args:
            architecture_set: of the networks.
            approach: by its name in configurations.
            role: "member", or "mothernet".

        Raises:
            KeyError: the study has no such training.
        """
        rows = self._rows(self.networks, architecture_set)
        rows = rows[(rows["approach"] == approach) & (rows["role"] == role)]
        if rows.empty:
            raise KeyError(f"{self.folder}: no {role} of '{approach}' in '{architecture_set}'")
        return rows["epochs"]

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
        rows = self._rows(self._table("equal_error"), architecture_set)
        rows = rows[(rows["cost"] == cost) & (rows["against"] == against)]
        rows = rows[rows["against_variant"] == variant]
        rows = _of_point(rows, name)
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: '{name}' and '{against}' not compared at equal error")
        return _with_ends(rows.iloc[0], quantity)

    def measured(
        self, architecture_set: str, claim: str, quantity: str, approach: str = ""
    ) -> tuple[float, float, float]:
        """Return what was measured to judge a claim, and the interval.

        Args:
            architecture_set: that it was measured on.
            claim: its id.
            quantity: as ``claims.csv`` has it.
            approach: whose; "" is of no single one.

        Raises:
            KeyError: the claim has no such measurement.
        """
        rows = self._rows(self._table("claims"), architecture_set)
        rows = rows[(rows["claim"] == claim) & (rows["quantity"] == quantity)]
        rows = rows[rows["approach"].fillna("") == approach]
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: not one '{quantity}' of '{approach}' for '{claim}'")
        return _with_ends(rows.iloc[0], "measured")

    def fewer(self, architecture_set: str, cost: str, name: str) -> pd.Series:
        """Return the row of ``fewer_networks`` on a point.

        Raises:
            KeyError: the table has no such point.
        """
        rows = self._rows(self._table("fewer_networks"), architecture_set)
        rows = rows[rows["cost"] == cost]
        rows = _of_point(rows, name)
        if len(rows) != 1:
            raise KeyError(f"{self.folder}: '{name}' is not compared with fewer networks")
        return rows.iloc[0]

    def gain_on_fewer(
        self, architecture_set: str, cost: str, name: str
    ) -> tuple[float, float, float]:
        """Return the error of the fewer networks less the point's, and its interval: fractions.

        Raises:
            KeyError: the two were not compared.
        """
        return _with_ends(self.fewer(architecture_set, cost, name), "error_gain")

    def speed_ups(self, cost: str, name: str, against: str) -> list[float]:
        """Return another approach's cost at a point's error, as its multiple, in each set."""
        return [self.against(s, cost, name, against, "speed_up")[0] for s in self.architecture_sets]

    def front_share(self, architecture_set: str, cost: str, name: str) -> float:
        """Return the share of replicates in which a point is on the front of all points.

        Raises:
            KeyError: the study has no such point.
        """
        rows = self._rows(self._table("fronts"), architecture_set)
        rows = rows[(rows["cost"] == cost) & rows["on_front"].notna()]
        rows = _of_point(rows, name)
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
        tables = (self.averaged, self._table("equal_error"))
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
        """Return whether networks have converged, as a sentence without its full stop."""
        gains, networks = (
            self._rows(self._table(name), architecture_set) for name in ("convergence", "networks")
        )
        return convergence_of(gains, networks).sentence


def _of_point(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of the point that people call *name*."""
    return rows[[point_name(row) == name for row in rows.to_dict("records")]]


def _with_ends(row: pd.Series, quantity: str) -> tuple[float, float, float]:
    """Return a value of a row and the ends of its interval."""
    value, low, high = (float(row[f"{quantity}{end}"]) for end in _ENDS)
    return value, low, high
