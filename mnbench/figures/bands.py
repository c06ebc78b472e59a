"""Lines with shaded intervals, one a name, from a table's means and intervals.

Open this to change how intervals along a line look. The trap: a name of a single point is a marker,
and its handle in the legend has no line either.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

DOTTED = (1, 1.4)
_MOST_MARKERS = 26  # along a line; more would touch


@dataclass(frozen=True)
class Line:
    """How the line of one name looks."""

    color: str
    marker: str
    dashes: tuple[float, ...] = ()  # empty is a solid line
    width: float = 1.3


def draw_lines(
    axes: Axes,
    rows: pd.DataFrame,
    column: str,
    lines: Mapping[str, Line],
    banded: Collection[str] | None = None,
) -> None:
    """Draw *column* against ``size``, a line with its band for each ``name`` of *rows*.

    Args:
        axes: where to draw.
        rows: columns ``name``, ``size``, and *column* with its ends ``_low`` and ``_high``; a
            missing mean is not drawn, a missing interval has no band.
        column: what to draw.
        lines: by name, in drawing order.
        banded: the names that have a band, by default all.
    """
    known = rows[rows[column].notna()].sort_values("size")
    for name, line in lines.items():
        own = known[known["name"] == name]
        if own.empty:
            continue
        if banded is None or name in banded:
            ends = own[[f"{column}_low", f"{column}_high"]].astype(float).T.to_numpy()
            axes.fill_between(
                own["size"], *ends, color=line.color, alpha=0.15, linewidth=0, zorder=1.5
            )
        axes.plot(
            own["size"],
            own[column].astype(float),
            label=name,
            color=line.color,
            marker=line.marker,
            markevery=_marked(len(own)),
            linestyle=_style(len(own), line.dashes),
            linewidth=line.width,
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.4,
        )


def _marked(points: int) -> list[int]:
    """Return which points of a line have a marker: all of a few, evenly spaced ones of many."""
    few = np.linspace(0, points - 1, min(points, _MOST_MARKERS))
    return [int(index) for index in few.round()]


def _style(points: int, dashes: tuple[float, ...]) -> str | tuple[int, tuple[float, ...]]:
    """Return matplotlib's line style: one point is joined to nothing."""
    if points == 1:
        return "none"
    return (0, dashes) if dashes else "-"
