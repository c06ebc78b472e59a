"""What all figures share: colours, markers, cost axes, and how a figure is saved.

The colours are those of Okabe and Ito, which colour-blind readers tell apart; every approach has
its own marker as well. Open this to change them. The trap: an approach that is not known here gets
the next free pair and a title made from its name, so that adding an approach touches no figure.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from mnbench.files import replacing
from mnbench.naming import CONTROLS, approach_title

Keywords = dict[str, Any]  # of a matplotlib call
DPI = 200  # of PNG; text is measured at it as well, since hinted text is wider at some
WIDTH = 7.0  # inches: the text width of a page, so that 8 pt stay 8 pt in print
GREY = "#666666"
_MOST_OF_PANEL = 0.95  # of a grid's column, for an axis' title: two that touch cannot be told apart
_LAID_OUT = 1.2  # times their width before, of axes that are laid out
_LETTER = 4.8  # points: the width of a digit at a tick

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same figure on every machine
    "font.size": 8.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "figure.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.7,
    "savefig.facecolor": "white",  # readable on a dark page, whatever the user's own settings
    "pdf.fonttype": 42,  # TrueType: text stays text, as publishers ask
}


@dataclass(frozen=True)
class Look:
    """How an approach appears."""

    title: str
    color: str
    marker: str

    @property
    def ink(self) -> str:
        """The colour for text: dark enough to read on white."""
        return mix(self.color, "black", 0.3)


_KNOWN = {
    name: Look(approach_title(name), color, marker)
    for name, color, marker in (
        ("mothernets", "#D55E00", "o"),
        ("full_data", "#0072B2", "s"),
        ("knowledge_distillation", "#009E73", "D"),
        ("bagging", "#56B4E9", "^"),
        ("treenets", "#CC79A7", "v"),
        ("snapshot_ensembles", "#E69F00", "P"),
        ("wider_network", "#4D4D4D", "p"),
        ("single_network", "#8C8C8C", "X"),
    )
}
_SPARE_COLORS = ("#000000", "#332288", "#999933", "#882255", "#44AA99", "#B8A500")
_SPARE_MARKERS = ("*", "h", "<", ">", "d", "H", "8")


def looks(approaches: Iterable[str]) -> dict[str, Look]:
    """Return the look of each approach, in the order in which figures list them.

    Known approaches come first and unknown ones by name; the controls (one network) are last.
    """
    present = set(approaches)
    unknown = sorted(present - set(_KNOWN))
    ordered = {name: look for name, look in _KNOWN.items() if name in present}
    controls = {name: ordered.pop(name) for name in CONTROLS if name in ordered}
    for i, name in enumerate(unknown):
        color = _SPARE_COLORS[i % len(_SPARE_COLORS)]
        ordered[name] = Look(approach_title(name), color, _SPARE_MARKERS[i % len(_SPARE_MARKERS)])
    return ordered | controls


def mix(color: str, other: str, share: float) -> str:
    """Return *color* with a *share* of *other* in it."""
    red, green, blue = (1 - share) * np.array(to_rgb(color)) + share * np.array(to_rgb(other))
    return to_hex((red, green, blue))


def styled() -> AbstractContextManager:
    """Apply :data:`SETTINGS` while a figure is drawn or saved, and restore what was before."""
    return mpl.rc_context(SETTINGS)


def new_figure(height: float) -> Figure:
    """Return an empty figure of page width and *height* inches, apart from pyplot's state."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def figure_of(axes: Axes) -> Figure:
    """Return the figure that *axes* are drawn in."""
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes have been removed from their figure")
    return figure


def renderer_of(figure: Figure) -> RendererBase:
    """Return what measures the texts of a figure of :func:`new_figure`."""
    canvas = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        raise TypeError(f"a figure of this module draws with Agg, got {type(canvas).__name__}")
    return canvas.get_renderer()


def label_outer(
    grid: np.ndarray, used: int, xlabel: str, ylabel: str, *, corner: bool = False
) -> None:
    """Remove the unused panels of a *grid* of axes, and label the left and lowest used ones.

    Where the last row is not full every row has its ticks' labels, so that no panel hangs lower.
    All panels then share a title of the horizontal axis, as they do where it is wider than one.

    Args:
        grid: axes, by row and column.
        used: the number of panels that show something, the first ones.
        xlabel: the horizontal axis' title.
        ylabel: the vertical axis' title.
        corner: whether the corner that the last row leaves empty is for a legend. The panels of
            that row then have a title each.
    """
    columns = grid.shape[1]
    ragged = used < grid.size
    shared = (ragged and not corner) or _is_wide(xlabel, grid)
    # A title of the figure would lie on a legend outside the axes. So it is that of the panel next
    # to the middle of the last row, moved to it.
    lowest = (used - 1) % columns + 1
    titled = (lowest - 1) // 2
    if shared:
        grid[-1, titled].set_xlabel(xlabel, x=lowest / 2 - titled)
    for i, axes in enumerate(grid.flat):
        if i >= used:
            axes.remove()
            continue
        if i % columns == 0:
            axes.set_ylabel(ylabel)
        if ragged:
            axes.xaxis.set_tick_params(labelbottom=True)
        if i >= grid.size - columns and not shared:
            axes.set_xlabel(xlabel)


def _is_wide(title: str, grid: np.ndarray) -> bool:
    """Return whether the title of a horizontal axis would reach into the next panel's."""
    axes = grid.flat[0]
    figure = figure_of(axes)
    axes.set_xlabel(title)
    width = axes.xaxis.label.get_window_extent(renderer_of(figure)).width
    axes.set_xlabel("")
    return bool(width > _MOST_OF_PANEL * figure.bbox.width / grid.shape[1])


def notice(sentence: str, title: str | None = None) -> Figure:
    """Return a figure that only says, in one centred *sentence*, why it shows nothing."""
    with styled():
        figure = new_figure(1.6)
        figure.text(0.5, 0.45, sentence, ha="center", va="center", color=GREY)
        if title:
            figure.suptitle(title)
    return figure


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write *figure* to each path in the format that its suffix names (PNG at :data:`DPI`).

    Two runs on the same tables write the same bytes: no date goes into the file.
    """
    dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with mpl.rc_context(SETTINGS | {"svg.hashsalt": "mnbench", "svg.fonttype": "none"}):
        for path in map(Path, paths):
            with replacing(path) as unfinished:
                figure.savefig(unfinished, dpi=DPI, metadata=dates.get(path.suffix))


@dataclass(frozen=True)
class CostUnit:
    """A cost as an axis shows it: values are divided by *unit*."""

    label: str
    unit: float


COST_UNITS = {
    "cpu_seconds": (("CPU-seconds", 1), ("CPU-hours", 3600)),
    "device_seconds": (("device-seconds", 1), ("device-hours", 3600)),
    "training_flops": (("GFLOPs", 1e9), ("TFLOPs", 1e12), ("PFLOPs", 1e15), ("EFLOPs", 1e18)),
    "examples": (("examples", 1), ("thousand examples", 1e3), ("million examples", 1e6)),
    "epochs": (("epochs", 1),),
}
COST_TITLES = {
    "cpu_seconds": "CPU time",
    "device_seconds": "device time",
    "training_flops": "FLOPs",
    "examples": "examples",
    "epochs": "epochs",
}


def quantity(cost: str, values: Iterable[float]) -> CostUnit:
    """Choose the unit in which the largest of *values* reads best.

    Args:
        cost: one of :data:`COST_UNITS`.
        values: costs as the tables hold them.
    """
    largest = max(values, default=0)
    # Hours only from several on: "7,200 CPU-seconds" is read as easily as "2 CPU-hours".
    fitting = [u for u in COST_UNITS[cost] if largest >= u[1] * (3 if u[1] == 3600 else 1)]
    label, unit = (fitting or COST_UNITS[cost][:1])[-1]
    return CostUnit(f"training cost ({label})", unit)


_FEW_DECADES = 2.5  # so many have several ticks each


def scale_cost_axis(axis: Axis, low: float, high: float, ticks: int = 8) -> None:
    """Make an axis logarithmic when its values span more than a decade, with readable ticks."""
    if low > 0 and high > 10 * low:
        (axis.axes.set_xscale if isinstance(axis, XAxis) else axis.axes.set_yscale)("log")
        axis.set_major_locator(LogLocator(subs=_subs(axis, low, high)))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))


def _tick(value: float) -> str:
    return f"{value:,.10g}"


def _subs(axis: Axis, low: float, high: float) -> tuple[int, ...]:
    """Return which multiples of powers of ten have a tick: the most whose labels have room.

    Args:
        axis: logarithmic, of axes that are not laid out yet.
        low: the smallest value shown.
        high: the largest.
    """
    decades = np.log10(high / low)
    if decades >= _FEW_DECADES:
        return (1,)
    if not isinstance(axis, XAxis):
        return (1, 2, 5)
    points = _LAID_OUT * 72 * axis.axes.get_window_extent().width / figure_of(axis.axes).dpi
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.log10(high))
    for subs, nearest in (((1, 2, 5), 2), ((1, 3), 3)):
        ticks = np.outer(powers, subs)
        letters = max(len(_tick(tick)) for tick in ticks[(ticks >= low) & (ticks <= high)])
        if np.log10(nearest) * points / decades > _LETTER * (letters + 1):
            return subs
    return (1,)
