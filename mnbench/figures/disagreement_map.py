"""How often every two networks of a study's ensembles disagree: who shares what, at one glance.

Open this to see clusters in what networks predict. The trap: it shows one seed only, and a
network of several ensembles under the first of them.
"""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnbench.figures import style
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration

TITLE = "Disagreement of every two networks"
CAPTION = (
    "The share of test images on which two networks predict different classes, for all networks of "
    "the first seed that most ensembles have. Dark blocks on the diagonal are networks that share "
    "training: hatched from one MotherNet, or taught by one teacher. White lines part approaches, "
    "thin ones clusters. A network that several approaches or g have in common is shown once, "
    "under the first."
)
COST_AXIS = False
TABLES = ("disagreement",)

MOST_NAMED = 60  # networks: with more, their names would have no room on a page
_ROW = 0.128  # inches: a name's height

MEMBER = ["approach", "g", "position", "network", "parent"]


def draw(data: FigureData) -> Figure:
    """Draw a heat map with a row and a column a network, ordered by approach and cluster.

    Rows have their networks' names, unless there are more than :data:`MOST_NAMED`.

    Args:
        data: what to draw.
    """
    table = data.tables["disagreement"]
    if table.empty:
        return style.notice("Nothing to show: no two networks to compare.", data.title)
    values = matrix(table)
    members = values.index.to_frame(index=False)
    groups = members.groupby(["order", "g"], sort=False, dropna=False)
    with style.styled():
        named = len(members) <= MOST_NAMED
        lines = 1 + data.title.count("\n")
        figure = style.new_figure(max(5.2, 0.2 + 0.16 * lines + _ROW * len(members) * named))
        axes = figure.add_subplot()
        sns.heatmap(
            100 * values,
            cmap="mako",
            xticklabels=False,
            yticklabels=False,
            cbar_kws={
                "label": f"{data.evaluated_on} images on which two networks disagree (%)",
                "pad": 0.02,
            },
            ax=axes,
        )
        axes.set(xlabel="", ylabel="")
        axes.set_facecolor("#DDDDDD")
        middles, names = [], []
        for _, group in groups:
            first = group.iloc[0]
            look = style.looks(members["approach"])[first["approach"]]
            middles.append((group.index[0] + group.index[-1] + 1) / 2)
            names.append(configuration(look.title, first["g"]))
            _part(axes, group.index[-1] + 1, len(members), 1.6)
            if group["cluster"].duplicated().any():  # otherwise no two share anything
                for _, cluster in group.groupby("cluster", sort=False):
                    _part(axes, cluster.index[-1] + 1, len(members), 0.6)
        axes.set_yticks(middles, names, rotation=0)
        axes.tick_params(left=False)
        axes.grid(visible=False)
        axes.set_title(data.title)
        if named:
            _name_rows(axes, members["network"].tolist())
    return figure


def matrix(table: pd.DataFrame) -> pd.DataFrame:
    """Return disagreement as fractions, symmetric, NaN on the diagonal.

    Args:
        table: a row for every pair of networks of one seed, data set and architecture set.

    Returns:
        Rows and columns are networks, ordered by approach, g, cluster and position; the index has
        levels ``order``, ``approach``, ``g`` (NA is none), ``cluster``, ``position``, ``network``.
    """
    ends = []
    for end in ("first", "second"):
        rows = table[[f"{end}_{column}" for column in MEMBER]].set_axis(MEMBER, axis=1)
        ends.append(rows.assign(g=rows["g"].astype("Int64")))
    everyone = pd.concat(ends).drop_duplicates(MEMBER[:3])
    order = {name: place for place, name in enumerate(style.looks(everyone["approach"]))}
    everyone["order"] = everyone["approach"].map(order)
    everyone["parent"] = everyone["parent"].astype(object).fillna("")
    everyone = everyone.sort_values(["order", "g", "position"])
    # A MotherNet's networks form a cluster; without a parent, or in a chain, each is its own.
    sharing = everyone.groupby(["order", "g", "parent"], dropna=False)["position"]
    alone = (everyone["parent"] == "") | (sharing.transform("size") == 1)
    everyone["cluster"] = everyone["position"].where(alone, sharing.transform("min"))
    everyone = everyone.sort_values(["order", "g", "cluster", "position"])
    places = pd.MultiIndex.from_frame(everyone[MEMBER[:3]])
    first, second = (places.get_indexer(pd.MultiIndex.from_frame(end[MEMBER[:3]])) for end in ends)
    values = np.full((len(places), len(places)), np.nan)
    values[first, second] = values[second, first] = table["disagreement"]
    levels = ["order", "approach", "g", "cluster", "position", "network"]
    index = pd.MultiIndex.from_frame(everyone[levels])
    return pd.DataFrame(values, index=index, columns=index)


def _name_rows(axes: Axes, names: list[str]) -> None:
    """Write each row's network beside it, and move the names of approaches to the left of them."""
    axis = axes.yaxis
    axis.remove_overlapping_locs = False  # a group's middle may be a row's
    axes.set_yticks([row + 0.5 for row in range(len(names))], names, minor=True)
    axes.tick_params(axis="y", which="minor", labelsize=7, left=False, pad=2)
    figure = style.figure_of(axes)
    figure.draw_without_rendering()  # only then can texts be measured
    renderer = style.renderer_of(figure)
    labels = axis.get_minorticklabels()
    widest = max(label.get_window_extent(renderer).width for label in labels)
    axes.tick_params(axis="y", which="major", pad=10 + 72 * widest / figure.dpi)


def _part(axes: Axes, at: int, size: int, width: float) -> None:
    """Draw the line behind a group, across and down, unless the figure ends there."""
    if at < size:
        axes.axhline(at, color="white", linewidth=width)
        axes.axvline(at, color="white", linewidth=width)
