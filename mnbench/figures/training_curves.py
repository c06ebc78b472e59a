"""Validation error while training: from scratch against hatched from a MotherNet.

Open this to see how soon a hatched network catches up. The trap: its curve starts with its
MotherNet's, since the ensemble pays for both.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from mnbench.figures import style
from mnbench.figures.aggregate import main_budgets
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration
from mnbench.planning.forecast import recipe_of
from mnbench.planning.lineage import Ensemble
from mnbench.planning.plan import Plan

TITLE = "Training curves"
CAPTION = (
    "Validation error by epoch. A hatched network starts where its MotherNet stopped (but for the "
    "noise); the learning rate, at its peak again, first costs it accuracy that a few epochs win "
    "back. From scratch takes the whole recipe. The scale is logarithmic where errors fall steeply."
)
COST_AXIS = False
TABLES = ("histories",)

MOST_PANELS = 6
_DASHED = (0, (3, 1.5))
_DOTTED = (0, (1, 1.2))
_POINT = "."
_STEEP = 2.5  # the highest error in the lowest ones: from here on the scale is logarithmic


@dataclass(frozen=True)
class Curve:
    """The training of one network of one seed, its ancestors' before it."""

    network: str
    approach: str
    seed: int
    budget: float
    own: np.ndarray  # (epochs, 2): epochs from the lineage's start, validation error in percent
    inherited: np.ndarray  # the same of its ancestors; empty where none of them was trained
    of_members: bool  # whether ancestors are members themselves, and not MotherNets only


def draw(data: FigureData) -> Figure:
    """Draw a panel a network, of at most six: from scratch, and hatched from a MotherNet.

    Thin lines are seeds, thick ones their mean. MotherNets are those of the largest size that a
    seed has, and of it of the smallest g. A seed without them has no curves. A study without Full
    Data and MotherNets shows the approaches that it has. An approach without the full budget is
    shown at its largest.

    The dot is where the MotherNet ended. Hatching preserves its function, so without noise the
    hatched network starts there too; the noise that hatching may add moves the start off. The
    first error measured of the hatched network follows its first epoch: the dotted piece from the
    dot to it only says which belongs to which.

    Args:
        data: what to draw.
    """
    drawn = curves(data.plan, data.tables["histories"])
    if not drawn:
        sentence = "Nothing to show: the study has no network that was trained by itself."
        return style.notice(sentence, data.title)
    names = list(dict.fromkeys(curve.network for curve in drawn))
    spread = np.linspace(0, len(names) - 1, min(len(names), MOST_PANELS)).round().astype(int)
    networks = [names[i] for i in spread]
    looks = style.looks(curve.approach for curve in drawn)
    columns = min(3, len(networks))
    rows = -(-len(networks) // columns)
    with style.styled():
        figure = style.new_figure(0.9 + 2.0 * rows)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axes, name in zip(grid.flat, networks, strict=False):
            axes.set_title(name, fontsize=8)
            for approach, look in looks.items():
                _draw_approach(
                    axes,
                    [c for c in drawn if c.network == name and c.approach == approach],
                    look,
                )
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        shown = [curve.own[:, 1] for curve in drawn if curve.network in networks]
        shown += [curve.inherited[:, 1] for curve in drawn if curve.network in networks]
        _limit(grid[0, 0], np.concatenate(shown))
        hatched = [curve for curve in drawn if curve.approach == "mothernets"]
        first = "ancestors" if any(curve.of_members for curve in hatched) else "MotherNet"
        word = f"epochs, {first} included" if hatched else "epochs"
        style.label_outer(grid, len(networks), word, "validation error (%)", corner=True)
        _legend(figure, grid, len(networks), looks, drawn)
        if data.title:
            figure.suptitle(data.title)
    return figure


def curves(plan: Plan, histories: pd.DataFrame) -> list[Curve]:
    """Return the curves of the largest ensembles of Full Data and MotherNets, at their main budget.

    Args:
        plan: the study's plan.
        histories: rows of one data set and architecture set.
    """
    by_record = {
        str(id): histories.iloc[:0]
        for id, training in plan.trainings.items()
        if not recipe_of(training).longest
    }
    by_record |= dict(list(histories.groupby("record")))
    drawn: dict[tuple[str, str, int], Curve] = {}
    for ensemble in _ensembles(plan, set(by_record)):
        for member in ensemble.members:
            training = plan.trainings[member]
            if len(training.networks) > 1:
                continue  # a joint history is no single network's
            lineage = plan.lineage([member])
            steps = [_steps(by_record[str(record)]) for record in lineage]
            ends = np.cumsum([0.0] + [len(step) for step in steps])
            pieces = [step + np.array([end, 0.0]) for step, end in zip(steps, ends, strict=False)]
            name = training.networks[0].name
            drawn[name, ensemble.approach, ensemble.seed] = Curve(
                network=name,
                approach=ensemble.approach,
                seed=ensemble.seed,
                budget=ensemble.budget,
                own=pieces[-1],
                inherited=np.concatenate([np.empty((0, 2)), *pieces[:-1]]),
                of_members=any(plan.trainings[one].role == "member" for one in lineage[:-1]),
            )
    return list(drawn.values())


def _ensembles(plan: Plan, records: set[str]) -> list[Ensemble]:
    """Choose the ensembles of one g and size an approach: the largest size, of it the smallest g.

    The choice is made once, among what any seed has complete. A mean over seeds is so of networks
    of one g, and a seed that lacks them is left out of it.
    """
    usable = [e for e in plan.ensembles if records.issuperset(map(str, plan.lineage(e.members)))]
    budgets = main_budgets((e.approach, e.budget) for e in usable)
    shown = {"full_data", "mothernets"} & {e.approach for e in usable}
    main = [e for e in usable if e.budget == budgets[e.approach] and not e.variant]
    main = [e for e in main if not shown or e.approach in shown]
    best: dict[str, tuple[int, int]] = {}
    for ensemble in main:
        rank = _rank(ensemble)
        best[ensemble.approach] = max(best.get(ensemble.approach, rank), rank)
    chosen = (e for e in main if _rank(e) == best[e.approach])
    return sorted(chosen, key=lambda e: e.approach)


def _rank(ensemble: Ensemble) -> tuple[int, int]:
    return ensemble.size, -(ensemble.g or 0)


def _steps(rows: pd.DataFrame) -> np.ndarray:
    """Return one record's epochs, from 1, and validation errors in percent, (epochs, 2)."""
    rows = rows.sort_values("epoch")
    own = np.arange(1.0, len(rows) + 1)
    return np.column_stack([own, 100 * (1 - rows["validation_accuracy"].to_numpy())])


def _draw_approach(axes: Axes, drawn: list[Curve], look: style.Look) -> None:
    pale = style.mix(look.color, "white", 0.55)
    later = [curve for curve in drawn if len(curve.inherited)]
    ends = [np.stack([curve.inherited[-1], curve.own[0]]) for curve in later]
    for lines, dash, width in (
        ([curve.inherited for curve in later], _DASHED, 1.6),
        (ends, _DOTTED, 1.1),  # nothing was measured between
        ([curve.own for curve in drawn], "-", 1.6),
    ):
        if not lines:
            continue
        for line in lines if len(lines) > 1 else ():
            axes.plot(*line.T, color=pale, linewidth=0.7, linestyle=dash, zorder=2)
        # Seeds may stop at different epochs: the mean ends where the first of them stops.
        shortest = min(map(len, lines))
        mean = np.mean([line[:shortest] for line in lines], axis=0)
        # A line of one epoch has no length: it is a point.
        marker = _POINT if dash == "-" and len(mean) == 1 else None
        looks: style.Keywords = {"linewidth": width, "linestyle": dash, "marker": marker}
        axes.plot(*mean.T, color=look.color, **looks, zorder=3)
        if dash == _DOTTED:
            axes.plot(*mean[0], look.marker, color=look.color, markersize=5, zorder=4)


def _limit(axes: Axes, errors: np.ndarray) -> None:
    """Show all of every curve; on a logarithmic scale where the end would be hard to see."""
    low, high = errors.min(), errors.max()
    if low > 0 and high > _STEEP * low:
        room = (high / low) ** 0.05
        axes.set_yscale("log")
        axes.set_ylim(low / room, min(100, high) * room)
        subs = (1, 2, 3, 5, 7) if high < 20 * low else (1, 2, 5)
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        room = 0.06 * ((high - low) or 1)
        axes.set_ylim(max(0, low - room), high + room)


def _legend(
    figure: Figure, grid: np.ndarray, used: int, looks: dict[str, style.Look], drawn: list[Curve]
) -> None:
    handles = []
    for approach, look in looks.items():
        mine = [curve for curve in drawn if curve.approach == approach]
        line: style.Keywords = {"color": look.color, "linewidth": 1.6}
        short = {"marker": _POINT, "ls": "none"} if all(len(c.own) == 1 for c in mine) else {}
        own = _epochs(len(curve.own) for curve in mine)
        name = configuration(look.title, budget=mine[0].budget)
        if any(len(curve.inherited) for curve in mine):
            before = _epochs(len(curve.inherited) for curve in mine if len(curve.inherited))
            budget = mine[0].budget
            if approach != "mothernets":
                first, end, then = f"{look.title}, ancestors", "the ancestors' end", name
            elif any(curve.of_members for curve in mine):  # a tree's, or earlier cycles
                first, end = "its ancestors", "its ancestors' end"
                then = configuration("its own training", budget=budget)
            else:
                first, end = "its MotherNet", "its MotherNet's end"
                then = configuration("hatched from it", budget=budget)
            dot: style.Keywords = {
                "color": look.color,
                "ls": "none",
                "marker": look.marker,
                "ms": 5,
            }
            if any(len(curve.inherited) > 1 for curve in mine):
                handles.append(Line2D([], [], **line, ls=_DASHED, label=f"{first} ({before})"))
            else:
                end = f"{end} ({before})"  # of one epoch: no line leads to it
            handles.append(Line2D([], [], **dot, label=end))
            handles.append(Line2D([], [], **line | short, label=f"{then} ({own})"))
        else:
            scratch = configuration("from scratch", budget=mine[0].budget)
            what = scratch if approach == "full_data" else name
            handles.append(Line2D([], [], **line | short, label=f"{what} ({own})"))
    numbers = [len({c.seed for c in drawn if c.approach == approach}) for approach in looks]
    fewest, most = min(numbers), max(numbers)
    if most > 1:
        seeds = f"{most}" if fewest == most else f"{fewest} to {most}"
        label = f"each of {seeds} seeds (thick: their mean)"
        handles.append(Line2D([], [], color="#AAAAAA", linewidth=0.7, label=label))
    if used < grid.size:  # the empty corner of the grid is the best place
        spec = grid.flat[used].get_subplotspec()
        corner = figure.add_subplot(spec)
        corner.set_axis_off()
        corner.legend(handles=handles, loc="center")
    else:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)))


def _epochs(counts: Iterable[int]) -> str:
    numbers = sorted(set(counts))
    if len(numbers) == 1:
        return f"{numbers[0]} epoch{'s' * (numbers[0] != 1)}"
    return f"{numbers[0]} to {numbers[-1]} epochs"
