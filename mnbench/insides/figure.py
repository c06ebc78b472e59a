"""The figure of ``mnbench insides``: four panels of one data set, from the three tables.

The upper two run over the epochs that members share, the lower left one over their own. Open this
module to change a panel. The trap: a set of different networks has no pairs for the barrier, and
one of equal networks has no replicas, so that each panel shows the sets that it can.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, ScalarFormatter
from matplotlib.typing import LineStyleType

from mnbench.figures import style
from mnbench.insides.manners import without_common_parts

NO_COMMON_PARENT = "full_data"  # the reference
# Not the reference's colour.
_COLORS = ("#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933", "#882255")
_SETS: tuple[tuple[str, LineStyleType], ...] = (("o", "-"), ("D", "--"), ("^", ":"), ("s", "-."))
_LARGEST, _STEP, _SMALLEST = 7.5, 1.5, 3.0  # markers: where manners coincide, rings are seen


@dataclass(frozen=True, eq=False)
class _Looks:
    """How manners of hatching and architecture sets appear in all panels."""

    names: Mapping[str, str]  # of manners
    colors: Mapping[str, str]  # by manner
    sizes: Mapping[str, float]  # of markers, by manner
    sets: Mapping[str, tuple[str, LineStyleType]]  # marker and line by architecture set

    @classmethod
    def of(cls, tables: Sequence[pd.DataFrame]) -> "_Looks":
        named = [text for table in tables for text in table["manner"] if text]
        sets = [text for table in tables for text in table["architecture_set"]]
        manners = list(dict.fromkeys(named))
        return cls(
            without_common_parts(manners),
            {text: _COLORS[i % len(_COLORS)] for i, text in enumerate(manners)},
            {text: max(_LARGEST - i * _STEP, _SMALLEST) for i, text in enumerate(manners)},
            {name: _SETS[i % len(_SETS)] for i, name in enumerate(dict.fromkeys(sets))},
        )


def draw_insides(
    hatched: pd.DataFrame, pairs: pd.DataFrame, ensembles: pd.DataFrame, title: str
) -> Figure:
    """Draw what is inside the networks of one data set: means over seeds, networks and pairs.

    Args:
        hatched: rows of the table ``hatched``.
        pairs: rows of ``pairs``.
        ensembles: rows of ``ensembles``.
        title: above all panels.
    """
    looks = _Looks.of([ensembles, pairs, hatched])
    with style.styled():
        figure = style.new_figure(5.6)
        (one, two), (three, four) = figure.subplots(2, 2)
        _over_shared_epochs(
            one, ensembles, "disagreement", looks, "no members that have a MotherNet in common"
        )
        one.set(title=_after("Disagreement", ensembles), ylabel="of two members (%)")
        _over_shared_epochs(two, pairs, "barrier", looks, "no two members of equal architecture")
        two.set(title=_after("Error barrier", pairs), ylabel="of two members (pp)")
        # Members of a MotherNet differ by tenths, networks from scratch by tens of points.
        two.set_yscale("symlog", linthresh=1.0)
        two.yaxis.set_major_formatter(ScalarFormatter())
        _similarity(three, hatched, looks)
        _gradients(four, hatched, looks)
        _legend(figure, looks)
        figure.suptitle(title)
    return figure


def _over_shared_epochs(
    axes: Axes, table: pd.DataFrame, column: str, looks: _Looks, otherwise: str
) -> None:
    """Draw a quantity of ensembles against the epochs that their members share.

    Members' own epochs are those of the ensembles that train them longest; the reference is a
    level. Of several g the fewest clusters are shown, since others have other MotherNets.

    Args:
        axes: where to draw.
        table: of ensembles or of pairs.
        column: the quantity, a fraction.
        looks: of manners and architecture sets.
        otherwise: what is said in place of nothing.
    """
    sharing = _sharing(table)
    shown = _of_fewest_clusters(sharing)
    clusters = ", fewest clusters g" if len(shown) < len(sharing) else ""
    axes.set_xlabel(f"MotherNet's epochs when hatched{clusters}")
    shown = shown[shown["hatched_epochs"] == shown["hatched_epochs"].max()]
    reference = table[(table["approach"] == NO_COMMON_PARENT) & (table["budget"] == 1)]
    reference = reference[reference["variant"] == ""]
    if shown.empty and reference.empty:
        _say_nothing(axes, otherwise)
        return
    for name, rows in reference.groupby("architecture_set", sort=False):
        look = style.looks([NO_COMMON_PARENT])[NO_COMMON_PARENT]
        level = 100 * rows[column].mean()
        axes.axhline(level, color=look.color, linestyle=looks.sets[str(name)][1], linewidth=1.0)
    for (name, manner), rows in shown.groupby(["architecture_set", "manner"], sort=False):
        means = 100 * rows.groupby("mothernet_epochs")[column].mean()
        _line(axes, means, looks, str(name), str(manner))
    _whole_epochs(axes)


def _sharing(table: pd.DataFrame) -> pd.DataFrame:
    """Return the ensembles, or pairs, whose members have a MotherNet in common."""
    return table[table["manner"].astype(bool) & table["mothernet_epochs"].notna()]


def _of_fewest_clusters(rows: pd.DataFrame) -> pd.DataFrame:
    """Return of each architecture set the rows of its fewest clusters."""
    return rows[rows["g"] == rows.groupby("architecture_set")["g"].transform("min")]


def _after(title: str, table: pd.DataFrame) -> str:
    """Return a panel's title, with the epochs that the members shown were trained for."""
    longest = _of_fewest_clusters(_sharing(table))["hatched_epochs"].max()
    return title if pd.isna(longest) else f"{title} after {longest:g} epochs of their own"


def _whole_epochs(axes: Axes) -> None:
    axes.margins(x=0.08, y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))


def _similarity(axes: Axes, hatched: pd.DataFrame, looks: _Looks) -> None:
    """Draw how alike replicas are, from the start of a member's training on."""
    axes.set(title="Likeness of replicas", xlabel="epochs of the member", ylabel="mean cosine")
    shown = _longest_shared(hatched[hatched["replica_pairs"] > 0])
    if shown.empty:
        _say_nothing(axes, "no network has replicas")
        return
    for (name, manner), rows in shown.groupby(["architecture_set", "manner"], sort=False):
        means = rows.groupby("hatched_epochs")["cosine_trained"].mean()
        means = pd.concat([pd.Series({0.0: rows["cosine_start"].mean()}), means])
        _line(axes, means, looks, str(name), str(manner))
    axes.axhline(shown["cosine_others"].mean(), color=style.GREY, linestyle=":", linewidth=1.0)
    _whole_epochs(axes)


def _gradients(axes: Axes, hatched: pd.DataFrame, looks: _Looks) -> None:
    """Draw the gradient of inherited and of inserted filters, network by network."""
    axes.set(title="Gradient just after hatching", ylabel="root mean square per weight")
    shown = _longest_shared(hatched[hatched["gradient_inserted"].notna()])
    if shown.empty:
        _say_nothing(axes, "no network has inserted layers")
        return
    networks = list(dict.fromkeys(zip(shown["architecture_set"], shown["network"], strict=True)))
    place = {network: number for number, network in enumerate(networks)}
    # What a manner does after hatching is no part of this: one of each MotherNet is enough.
    firsts = shown.groupby(["architecture_set", "parent"], sort=False)["manner"].first().unique()
    for number, manner in enumerate(firsts):
        rows = shown[shown["manner"] == manner]
        means = rows.groupby(["architecture_set", "network"], sort=False)[
            ["gradient_inherited", "gradient_inserted"]
        ].mean()
        shift = 0.3 * (number - (len(firsts) - 1) / 2)
        x = np.array([place[network] for network in means.index]) + shift
        color = looks.colors[manner]
        inherited = means["gradient_inherited"]
        inserted = means["gradient_inserted"].where(means["gradient_inserted"] > 0)
        axes.vlines(x, inherited, inserted, color=color, linewidth=0.8)
        axes.plot(x, inherited, "s", color=color, markersize=4.5, markerfacecolor="white")
        axes.plot(x, inserted, "s", color=color, markersize=4.5)
    axes.set_yscale("log")
    axes.set_xticks(range(len(networks)), [network for _, network in networks])
    axes.margins(x=0.15, y=0.12)
    axes.grid(False, axis="x")


def _longest_shared(hatched: pd.DataFrame) -> pd.DataFrame:
    """Return the networks that were hatched after the most epochs of their architecture set."""
    most = hatched.groupby("architecture_set")["mothernet_epochs"].transform("max")
    return hatched[hatched["mothernet_epochs"] == most]


def _line(axes: Axes, means: pd.Series, looks: _Looks, name: str, manner: str) -> None:
    marker, line = looks.sets[name]
    axes.plot(
        means.index,
        means,
        color=looks.colors[manner],
        marker=marker,
        linestyle=line,
        linewidth=1.2,
        markersize=looks.sizes[manner],
        markeredgecolor="white",
        markeredgewidth=0.5,
        clip_on=False,
        zorder=3,
    )


def _say_nothing(axes: Axes, why: str) -> None:
    axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center", color=style.GREY)
    axes.set(xticks=[], yticks=[])


def _legend(figure: Figure, looks: _Looks) -> None:
    """Say what colours, markers and lines are."""
    square: style.Keywords = {"marker": "s", "linestyle": "none", "color": style.GREY, "ms": 4.5}
    handles = [
        Line2D([], [], color=looks.colors[manner], linewidth=2.5, label=name)
        for manner, name in looks.names.items()
    ]
    reference = style.looks([NO_COMMON_PARENT])[NO_COMMON_PARENT]
    handles.append(
        Line2D([], [], color=reference.color, linewidth=1.0, label=f"level: {reference.title}")
    )
    handles += [
        Line2D([], [], color=style.GREY, marker=marker, linestyle=line, ms=5, label=name)
        for name, (marker, line) in looks.sets.items()
    ]
    handles += [
        Line2D([], [], color=style.GREY, linestyle=":", linewidth=1.0, label="other filters"),
        Line2D([], [], **square, label="inserted"),
        Line2D([], [], **square, markerfacecolor="white", label="inherited"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
