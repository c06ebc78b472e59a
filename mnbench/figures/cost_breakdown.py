"""What each approach's training cost is made of, network by network.

Open this to see what is billed for an ensemble. The trap: a record that several members need is
billed once and drawn first, as shared.
"""

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text

from mnbench.figures import style
from mnbench.figures.aggregate import (
    full_size_rows,
    in_main,
    main_budgets,
    why_empty,
    with_measured_cost,
)
from mnbench.figures.figure_data import FigureData
from mnbench.naming import configuration
from mnbench.planning.full_size import of_full_size
from mnbench.planning.lineage import Ensemble, Training
from mnbench.planning.plan import Plan

TITLE = "Training cost by network"
CAPTION = (
    "What each full-size ensemble's training cost, network by network. Hatched parts are shared: "
    "MotherNets, a teacher (a member as well, if it stays), earlier cycles that are no members, a "
    "joint training."
)
COST_AXIS = True
TABLES = ("networks", "summary")


@dataclass(frozen=True)
class CostPiece:
    """A piece of a bar: one record, its cost the mean over seeds."""

    training: tuple[str, str]  # the record's approach and name: what is the same in every seed
    names: tuple[str, ...]  # what to write on it, the longest first
    shared: bool  # for several members: a MotherNet, teacher, earlier cycle or joint training
    cost: float


@dataclass(frozen=True)
class Bar:
    """The training cost of one approach's full-size ensemble."""

    approach: str
    g: int | None
    budget: float
    segments: tuple[CostPiece, ...]  # shared ones first

    @property
    def total(self) -> float:
        """Cost of the ensemble, mean over seeds."""
        return sum(segment.cost for segment in self.segments)


def draw(data: FigureData) -> Figure:
    """Draw one stacked bar an approach and g, for full-size ensembles of the full budget.

    An approach without the full budget is shown at its largest, which its label then says.

    Args:
        data: what to draw.
    """
    named: dict[tuple[CostPiece, ...], list[Bar]] = {}
    networks, summary = data.tables["networks"], data.tables["summary"]
    for bar in bars(data.plan, networks, summary, data.cost):
        named.setdefault(bar.segments, []).append(bar)  # MotherNets may be Full Data's networks
    drawn = sorted((min(same, key=_rank) for same in named.values()), key=lambda bar: -bar.total)
    if not drawn:
        sentence = why_empty(data, "the study has no ensemble of these networks.")
        return style.notice(sentence, data.title)
    axis = style.quantity(data.cost, [bar.total for bar in drawn])
    looks = style.looks(bar.approach for bar in drawn)
    with style.styled():
        figure = style.new_figure(1.15 + 0.36 * len(drawn))
        axes = figure.add_subplot()
        axes.set(xlabel=axis.label, title=data.title)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_yticks(range(len(drawn)), [_title(named[bar.segments]) for bar in drawn])
        axes.tick_params(axis="y", length=0)
        axes.set_xlim(0, 1.1 * max(bar.total for bar in drawn) / axis.unit)
        axes.set_ylim(-0.6, len(drawn) - 0.4)
        style.scale_cost_axis(axes.xaxis, 0, 1)
        texts = [
            _draw_bar(axes, y, bar, looks[bar.approach], axis.unit) for y, bar in enumerate(drawn)
        ]
        _legend(figure, any(s.shared for bar in drawn for s in bar.segments))
        figure.draw_without_rendering()  # lays the axes out: sizes are known only then
        for bar, of_bar in zip(drawn, texts, strict=True):
            for shared in (True, False):
                _write(
                    axes,
                    [t for s, t in zip(bar.segments, of_bar, strict=True) if s.shared is shared],
                )
    return figure


def costs_shown(estimates: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of full-size ensembles of the main budget."""
    full = full_size_rows(estimates)
    return full[in_main(full)]


def bars(plan: Plan, networks: pd.DataFrame, summary: pd.DataFrame, cost: str) -> list[Bar]:
    """Break down the cost of every full-size ensemble of its approach's main budget.

    Records of different seeds that differ in nothing but the seed make up one segment. The seeds
    are those that the tables have a cost of, so that bars add up to the costs there.

    Args:
        plan: the study's plan.
        networks: rows of one data set and architecture set.
        summary: rows of the same, an ensemble each.
        cost: the column to use as the cost.
    """
    rows = networks.set_index("record")
    places = set(zip(networks["dataset"], networks["architecture_set"], strict=True))
    planned = [e for e in plan.ensembles if (e.dataset, e.architecture_set) in places]
    usable = [
        e
        for e in with_measured_cost(planned, summary, cost)
        if all(str(record) in rows.index for record in plan.lineage(e.members))
    ]
    # Of all that the tables have: where no time is a measurement there is no bar, as elsewhere.
    whole = full_size_rows(summary)
    budgets = main_budgets(zip(whole["approach"], whole["budget"], strict=True))
    chosen: dict[tuple[str, int | None], list[Ensemble]] = {}
    for ensemble in usable:
        if ensemble.budget == budgets[ensemble.approach] and not ensemble.variant:
            chosen.setdefault((ensemble.approach, ensemble.g), []).append(ensemble)
    drawn = []
    full_size = of_full_size(planned)
    for (approach, g), ensembles in chosen.items():
        full = [ensemble for ensemble in ensembles if ensemble in full_size]
        if not full:
            continue
        costs: dict[tuple[str, str], CostPiece] = {}
        for ensemble in full:
            teachers = {teacher for member in ensemble.members for teacher in plan.teachers(member)}
            for record in plan.lineage(ensemble.members):
                training = plan.trainings[record]
                key = (training.approach, training.name)
                before = costs[key].cost if key in costs else 0.0
                member, teaches = record in ensemble.members, record in teachers
                costs[key] = CostPiece(
                    training=key,
                    names=_names(training, member=member, teaches=teaches),
                    shared=teaches or not member or len(training.networks) > 1,
                    cost=before + float(rows.loc[str(record), cost]) / len(full),
                )
        # Python's sort is stable: within each part the order of the lineage is kept. An untrained
        # MotherNet costs nothing, and has no place on a bar.
        pieces = [piece for piece in costs.values() if piece.cost]
        ordered = sorted(pieces, key=lambda segment: not segment.shared)
        drawn.append(Bar(approach, g, budgets[approach], tuple(ordered)))
    return drawn


def _names(training: Training, *, member: bool, teaches: bool) -> tuple[str, ...]:
    """Return what to call a record, the longest first.

    Args:
        training: of the record.
        member: whether it is a member of the ensemble, or an ancestor only.
        teaches: whether a member learns from it.
    """
    networks = training.networks
    if len(networks) > 1:
        return (f"{len(networks)} networks jointly", "joint")
    if training.role == "mothernet":
        return ("MotherNet",)
    name = networks[0].name
    if teaches and member:
        return (f"{name} (teacher and member)", f"{name} (teacher)", "teacher")
    if member:
        return (name,)
    what = "teacher" if teaches else "earlier"
    return (f"{name} ({what})", what)


def _rank(bar: Bar) -> tuple[bool, str]:
    return bar.g is not None, bar.approach


def _title(same: list[Bar]) -> str:
    """Return what the same trainings are called, those without clusters first."""
    looks = style.looks(bar.approach for bar in same)
    names = (
        configuration(looks[bar.approach].title, bar.g, bar.budget)
        for bar in sorted(same, key=_rank)
    )
    return " =\n".join(names)


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


def _write(axes: Axes, part: list[tuple[Text, float, tuple[str, ...]]]) -> None:
    """Write its name on each segment of a part; where none fits, how many there are on all."""
    fitting = [_fit(axes, text, width, names) for text, width, names in part]
    if len(part) > 1 and not any(fitting):
        (first, start, names), (last, end, _) = part[0], part[-1]
        left, right = first.get_position()[0] - start / 2, last.get_position()[0] + end / 2
        what = names[0] if names == ("MotherNet",) else "network"
        first.set_position(((left + right) / 2, first.get_position()[1]))
        first.set_bbox({"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.0})
        fitting[0] = _fit(axes, first, right - left, (f"{len(part)} {what}s",))
    for (text, _, _), fits in zip(part, fitting, strict=True):
        if not fits:
            text.remove()


def _fit(axes: Axes, text: Text, width: float, names: tuple[str, ...]) -> bool:
    """Write the longest name that fits its segment, in one line or two; return whether one does."""
    start, end = axes.transData.transform([(0, 0), (width, 0)])[:, 0]
    figure = style.figure_of(axes)
    renderer, margin = style.renderer_of(figure), 3 * figure.dpi / 72
    for name in names:
        for lines in (name, _broken(name)):
            text.set_text(lines)
            if text.get_window_extent(renderer).width <= end - start - margin:
                return True
    return False


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
                label="for several networks (MotherNet, teacher, earlier cycle, joint training)",
            ),
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
