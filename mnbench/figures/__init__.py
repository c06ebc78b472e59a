"""Figures: a module each, which says what it is in constants and draws itself from tables.

Open this to add a figure: write ``mnbench/figures/NAME.py`` with

- ``TITLE``, what the report calls it;
- ``CAPTION``, one or two plain sentences for the report;
- ``COST_AXIS``, whether it is drawn once on every cost axis of a study;
- ``TABLES``, the tables that it reads, by name;
- ``ABSOLUTE = True``, only if its intervals are of differences and can be of the errors instead;
- ``draw(data)``, from a :class:`mnbench.figures.figure_data.FigureData` to a matplotlib figure;
- ``costs_shown(estimates)``, only with a cost axis and if the costs that it shows are not those of
  all full-size ensembles: the rows that it shows, since its title counts the times left out.

No other file changes. The trap: Snakemake reads the constants each time it parses the workflow, so
they are read as literals, without an import. A constant that is computed is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnbench.plugins import literal_constants

FORMATS = ("png", "pdf")
# What is said below the title of every figure is made from these: not converged, missing, shared.
SAID_FROM = ("networks", "convergence", "missing", "estimates")


@dataclass(frozen=True)
class Entry:
    """What the registry knows of a figure without importing it."""

    name: str
    title: str
    caption: str
    cost_axis: bool
    tables: tuple[str, ...]  # those that every figure needs are among them
    absolute: bool  # whether it can show intervals of errors in place of those of differences

    def stems(self, costs: Sequence[str]) -> dict[str, str]:
        """Return the names of the figure's files, without suffix, by their cost axis.

        Args:
            costs: the study's axes. A figure without a cost axis has one file, by the first.
        """
        if self.cost_axis:
            return {cost: f"{self.name}_{cost}" for cost in costs}
        return {costs[0]: self.name}


FIGURES: dict[str, Entry] = {
    name: Entry(
        name,
        constants["TITLE"],
        constants["CAPTION"],
        constants["COST_AXIS"],
        tuple(dict.fromkeys([*constants["TABLES"], *SAID_FROM])),
        constants.get("ABSOLUTE", False),
    )
    for name, constants in literal_constants(Path(__file__).parent, "TITLE").items()
}
