"""The tables of a study: a module a table, collected here.

Open this folder to add a table: write a module with ``TITLE`` (what a row is, for people),
``COLUMNS`` (meaning and unit of every column) and ``build(results)``. Its file is named after the
module. In come :class:`~mnbench.evaluation.results.StudyResults`, out goes a data frame. The trap:
a point is five columns (approach, g, budget, size, variant) in every table, never a label.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from mnbench.plugins import literal_constants

if TYPE_CHECKING:
    import pandas as pd

    from mnbench.evaluation.results import StudyResults

TITLES: Mapping[str, str] = {
    name: constants["TITLE"]
    for name, constants in literal_constants(Path(__file__).parent, "TITLE").items()
}
TABLES = tuple(TITLES)


class Table(Protocol):
    """What a table's module defines."""

    TITLE: str
    COLUMNS: Mapping[str, str]

    @staticmethod
    def build(results: "StudyResults") -> "pd.DataFrame":
        """Return the table."""


def table_module(name: str) -> Table:
    """Return the module of the table *name*, one of :data:`TABLES`."""
    return cast(Table, importlib.import_module(f"{__name__}.{name}"))


def table(results: "StudyResults", name: str) -> "pd.DataFrame":
    """Return the table *name* of a study, built on first use."""
    if name not in results.tables:
        results.tables[name] = table_module(name).build(results)
    return results.tables[name]
