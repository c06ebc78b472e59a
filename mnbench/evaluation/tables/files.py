"""Tables as CSV files: write one, read it back unchanged, select its rows.

Open this module to read a study's tables from a program of your own. The trap: CSV does not tell an
empty text from a missing one.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError, cause
from mnbench.evaluation.tables.columns import SETTING, typed
from mnbench.files import replacing

EVALUATED_ON = "evaluated_on"  # the first column of a table that is not of the test images
# Columns with names that users choose. One may look like a number, or like a missing value: "NA".
_VARIANTS = ("variant", "first_variant", "second_variant", "against_variant")
_NETWORKS = ("name", "first_network", "second_network")
_CHOSEN = (*SETTING, *_VARIANTS, *_NETWORKS)


def write_table(table: pd.DataFrame, path: Path, evaluated_on: str = TEST_SET) -> None:
    """Write a table as CSV that :func:`read_table` returns unchanged.

    Args:
        table: what to write.
        path: the file.
        evaluated_on: the set that the table is of. Unless it is the test set, a column says so.
    """
    if evaluated_on != TEST_SET:
        table = table.copy()
        table.insert(0, EVALUATED_ON, evaluated_on)
    with replacing(path) as unfinished:
        table.to_csv(unfinished, index=False, encoding="utf-8")


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that :func:`write_table` wrote.

    Raises:
        UserError: the file is missing or is no table of a study.
    """
    try:
        table = typed(pd.read_csv(path, encoding="utf-8"))
        names = pd.read_csv(
            path, encoding="utf-8", usecols=_is_chosen, dtype=str, keep_default_na=False
        )
        table[list(names)] = names
        known = set(table) & {*SETTING, "claim"}
        if not known:
            raise ValueError("column 'dataset' is missing")
    except (OSError, ValueError) as error:
        remedy = "name the folder of a study's tables, which snakemake writes"
        if not isinstance(error, OSError):
            remedy = "delete it and run snakemake again"
        raise UserError(f"{path}: not a readable table ({cause(error)}); {remedy}") from error
    for end in ("", "first_", "second_"):  # tables of former versions know no variants
        if {f"{end}approach", f"{end}g"} <= set(table) and f"{end}variant" not in table:
            table[f"{end}variant"] = ""
    if "against" in table and "against_variant" not in table:
        table["against_variant"] = ""
    if "parents" in table:
        table["parents"] = table["parents"].astype(object).fillna("").astype(str)
    return table


def _is_chosen(column: str) -> bool:
    """Return whether a column has names that users choose."""
    return column in _CHOSEN


def set_of(tables: Iterable[pd.DataFrame]) -> str:
    """Return the set that tables of a study are of: "test" unless a row says "development"."""
    named = (name for table in tables if EVALUATED_ON in table for name in table[EVALUATED_ON])
    return str(next(named, TEST_SET))


def select(table: pd.DataFrame, dataset: str, architecture_set: str) -> pd.DataFrame:
    """Return the rows of one data set and architecture set, as a figure takes them."""
    rows = (table["dataset"] == dataset) & (table["architecture_set"] == architecture_set)
    return table[rows].reset_index(drop=True)
