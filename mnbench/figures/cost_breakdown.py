"""What each approach's training cost is made of, network by network."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from mnbench.figures import style
from mnbench.figures.aggregate import main_budgets, timed
from mnbench.planning.plan import Ensemble, Plan


@dataclass(frozen=True)
class Segment:
    """A piece of a bar: one record, its cost the mean over seeds."""

    names: tuple[str, ...]  # what to write on it, the longest first
    shared: bool  # trained for several members: a MotherNet, a teacher, a joint training
    cost: float


@dataclass(frozen=True)
class Bar:
    """The training cost of one approach's full-size ensemble."""

    approach: str
    g: int | None
    budget: float
    segments: tuple[Segment, ...]  # shared ones first

    @property
    def total(self) -> float:
        """Cost of the ensemble, mean over seeds."""
        return sum(segment.cost for segment in self.segments)


def draw(
    plan: Plan, networks: pd.DataFrame, cost: str = "cpu_seconds", title: str | None = None
) -> Figure:
    """Draw one stacked bar an approach and g, for full-size ensembles of the full budget.

    An approach without the full budget is shown at its largest, which its label then says.

    Args:
        plan: the study's plan, for the lineage of every ensemble.
        networks: rows of one data set and ensemble (``evaluation.tables.networks``).
        cost: the column to use as the cost, one of ``style.COSTS``.
        title: above the bars.
    """
    found = sorted(bars(plan, networks, cost), key=lambda bar: -bar.total)
    if not found:
        return style.notice("Nothing to show: the study has no ensemble of these networks.", title)
    axis = style.quantity(cost, [bar.total for bar in found])
    looks = style.looks(bar.approach for bar in found)
    with style.styled():
        figure = style.new_figure(1.15 + 0.36 * len(found))
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, title=title)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_yticks(range(len(found)), [_title(bar, looks) for bar in found])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.1 * max(bar.total for bar in found) / axis.unit)
        axes.set_ylim(-0.6, len(found) - 0.4)
        style.scale_cost_axis(axes.xaxis, 0, 1)
        texts = [
            text
            for y, bar in enumerate(found)
            for text in _draw_bar(axes, y, bar, looks[bar.approach], axis.unit)
        ]
        _legend(figure, any(s.shared for bar in found for s in bar.segments))
        figure.draw_without_rendering()  # lays the axes out: only then can it be told what fits
        for text, width, names in texts:
            _fit(axes, text, width, names)
    return figure


def bars(plan: Plan, networks: pd.DataFrame, cost: str) -> list[Bar]:
    """Break down the cost of every full-size ensemble of its approach's main budget.

    Records of different seeds that differ in nothing but the seed make up one segment.

    Args:
        plan: the study's plan.
        networks: rows of one data set and ensemble.
        cost: the column to use as the cost.
    """
    rows = networks.set_index("record")
    clean = set(timed(networks, cost, "lineage_shared_device")["record"])
    here = set(zip(networks["dataset"], networks["architecture_set"], strict=True))
    planned = [e for e in plan.ensembles if (e.dataset, e.architecture_set) in here]
    usable = [
        e
        for e in planned
        if clean.issuperset(map(str, e.members))
        and all(str(record) in rows.index for record in plan.lineage(e.members))
    ]
    budgets = main_budgets((e.approach, e.budget) for e in usable)
    chosen: dict[tuple[str, int | None], list[Ensemble]] = {}
    for ensemble in usable:
        if ensemble.budget == budgets[ensemble.approach]:
            chosen.setdefault((ensemble.approach, ensemble.g), []).append(ensemble)
    found = []
    for (approach, g), ensembles in chosen.items():
        size = max(e.size for e in planned if e.approach == approach)
        full = [ensemble for ensemble in ensembles if ensemble.size == size]
        if not full:
            continue
        costs: dict[tuple[str, str], Segment] = {}
        for ensemble in full:
            for record in plan.lineage(ensemble.members):
                row = rows.loc[str(record)]
                key = (row["approach"], row["name"])
                before = costs[key].cost if key in costs else 0.0
                ancestor = record not in ensemble.members
                costs[key] = Segment(
                    names=_names(row, ancestor),
                    shared=ancestor or "+" in row["networks"],
                    cost=before + float(row[cost]) / len(full),
                )
        # Python's sort is stable: within each part the order of the lineage is kept.
        ordered = sorted(costs.values(), key=lambda segment: not segment.shared)
        found.append(Bar(approach, g, budgets[approach], tuple(ordered)))
    return found


def _names(row: pd.Series, ancestor: bool) -> tuple[str, ...]:
    """Return what to call a record, the longest first; a teacher is another approach's member."""
    networks = row["networks"].split("+")
    if len(networks) > 1:
        return (f"{len(networks)} networks jointly", "joint")
    if row["role"] == "mothernet":
        return ("MotherNet", "MN")
    return (f"{networks[0]} (teacher)", "teacher") if ancestor else (networks[0],)


def _title(bar: Bar, looks: dict[str, style.Look]) -> str:
    title = style.at_budget(looks[bar.approach].title, bar.budget)
    return title if bar.g is None else f"{title}, g = {bar.g}"


def _draw_bar(
    axes: Axes, y: int, bar: Bar, look: style.Look, unit: float
) -> list[tuple[Text, float, tuple[str, ...]]]:
    """Draw a bar; return its still empty texts, how wide they may be, and what they may say."""
    left, fitted = 0.0, []
    for segment in bar.segments:
        width = segment.cost / unit
        pale = style.mix(look.color, "white", 0.72)
        axes.barh(
            y,
            width,
            left=left,
            height=0.78,
            facecolor=pale if segment.shared else style.mix(look.color, "white", 0.3),
            edgecolor=look.color if segment.shared else "white",
            linewidth=0.8,
            hatch="/////" if segment.shared else None,
        )
        text = axes.text(
            left + width / 2,
            y,
            "",
            ha="center",
            va="center",
            fontsize=7,
            linespacing=1,
            bbox={"facecolor": pale, "edgecolor": "none", "pad": 0.8} if segment.shared else None,
        )
        fitted.append((text, width, segment.names))
        left += width
    axes.text(
        left,
        y,
        f" {left:,.{1 if left < 100 else 0}f}",
        ha="left",
        va="center",
        fontsize=7.5,
        fontweight="bold",
    )
    return fitted


def _fit(axes: Axes, text: Text, width: float, names: tuple[str, ...]) -> None:
    """Write the longest name that fits its segment, in one line or two, or none."""
    start, end = axes.transData.transform([(0, 0), (width, 0)])[:, 0]
    renderer = axes.figure.canvas.get_renderer()
    for name in names:
        for lines in (name, _broken(name)):
            text.set_text(lines)
            if text.get_window_extent(renderer).width <= end - start - 4:
                return
    text.remove()


def _broken(name: str) -> str:
    """Break a name in two lines at the hyphen or space nearest to its middle."""
    breaks = [i + 1 for i, letter in enumerate(name) if letter in "- "]
    if not breaks or len(name) < 8:
        return name
    at = min(breaks, key=lambda i: (abs(i - len(name) / 2), -i))
    return f"{name[:at].rstrip()}\n{name[at:]}"


def _legend(figure: Figure, shared: bool) -> None:
    handles = [Patch(facecolor="#BBBBBB", edgecolor="white", label="one network's own training")]
    if shared:
        handles.insert(
            0,
            Patch(
                facecolor="#EEEEEE",
                edgecolor="#777777",
                hatch="/////",
                label="shared by several networks (MotherNet, teacher, joint training)",
            ),
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
