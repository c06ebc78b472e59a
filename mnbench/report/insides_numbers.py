"""What `mnbench insides` measured, as a template of numbers reads it.

Open this module to say another number of it in the docs. The trap: a manner of hatching is words,
which change with its options; a manner that the table does not have is an error, not a gap.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from mnbench.evaluation.tables.files import read_table


@dataclass(frozen=True)
class Insides:
    """The tables of a looked-into study."""

    folder: Path

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Hatched networks, pairs and ensembles, by name."""
        return {
            name: read_table(self.folder / f"{name}.csv")
            for name in ("hatched", "pairs", "ensembles")
        }

    def mean(
        self, table: str, column: str, architecture_set: str, manner: str | None, **wanted: float
    ) -> float:
        """Return the mean of a column over seeds, networks and pairs.

        Args:
            table: "hatched", "pairs" or "ensembles".
            column: what to take the mean of.
            architecture_set: of the networks.
            manner: how they were hatched; None is networks from scratch.
            wanted: other columns and the values that they must have.

        Raises:
            KeyError: the table has no such row.
        """
        rows = self.tables[table]
        rows = rows[rows["architecture_set"] == architecture_set]
        rows = rows[rows["manner"].isna() if manner is None else rows["manner"] == manner]
        for name, value in wanted.items():
            rows = rows[rows[name] == value]
        known = rows[column].dropna()
        if known.empty:
            raise KeyError(
                f"{self.folder}: no {column} of '{architecture_set}', {manner}, {wanted}"
            )
        return float(known.mean())
