"""Lines with shaded intervals, one a name, drawn by seaborn from a table's means and intervals.

Open this to change how intervals along a line look. The trap: seaborn makes bands from samples. It
is given three rows a point, mean and both ends: their median is the mean, their range the interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

DOTTED = (1, 1.4)


@dataclass(frozen=True)
class Line:
    """How the line of one name looks."""

    color: str
    marker: str
    dashes: tuple[float, ...] = ()  # empty is a solid line
    width: float = 1.3


def draw_lines(
    axes: Axes, rows: pd.DataFrame, column: str, lines: Mapping[str, Line], alpha: float = 0.13
) -> None:
    """Draw *column* against ``size``, a line with its band for each ``name`` of *rows*.

    Args:
        axes: where to draw.
        rows: columns ``name``, ``size``, and *column* with its ends ``_low`` and ``_high``; a
            missing mean is not drawn, a missing interval has no band.
        column: what to draw.
        lines: by name, in drawing order.
        alpha: of the bands.
    """
    ends = [
        rows.assign(value=rows[f"{column}{end}"].astype(float)) for end in ("", "_low", "_high")
    ]
    samples = pd.concat(end[rows[column].notna()] for end in ends).dropna(subset=["value"])
    names = [name for name in lines if (samples["name"] == name).any()]
    sns.lineplot(
        samples,
        x="size",
        y="value",
        hue="name",
        style="name",
        hue_order=names,
        style_order=names,
        palette={name: lines[name].color for name in names},
        markers={name: lines[name].marker for name in names},
        dashes={name: lines[name].dashes or "" for name in names},
        estimator="median",
        errorbar=("pi", 100),
        err_kws={"alpha": alpha, "linewidth": 0},
        markersize=4.5,
        markeredgewidth=0.4,
        legend=False,
        ax=axes,
    )
    for name, line in zip(names, axes.get_lines(), strict=True):
        line.set(label=name, linewidth=lines[name].width)
