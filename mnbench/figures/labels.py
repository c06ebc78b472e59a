"""Place text beside points so that it covers neither other text nor markers nor lines.

Each label tries a ring of positions at growing distances, and the ends of its point's intervals. It
takes the place that covers least; then all are placed again with the others known. The same table
gives the same figure on every machine, which force-directed placement does not promise. Open this
when labels collide. The trap: a label that is not needed is left out rather than moved far.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from mnbench.figures import style

_GAPS = (8, 10, 13, 17, 21, 27, 35, 45, 57, 70)  # points between anchor and label
_ANGLES = np.deg2rad([0, 90, 180, 270, 45, 315, 135, 225, 22, 338, 67, 293, 112, 248, 157, 203])
_END_COST = 8.0  # as much as a label a few steps away from its point
_END_GAP = 4  # points between an interval's end and a label beyond it
_LEADER = 17  # points from which a thin line leads to the label
_LEADER_COST = 12.0
_MISTAKEN = 25.0  # nearer to another point than to its own
_TOO_MUCH = 6.0  # what a label that is not needed may cover: a few points of a line
_ROUNDS = 3


@dataclass(frozen=True)
class Label:
    """A text beside the point (x, y) in data coordinates."""

    text: str
    x: float
    y: float
    color: str = "black"
    bold: bool = False
    radius: float = 0.0  # points to stay away in addition, from a large marker
    ends: tuple[tuple[float, float], ...] = ()  # of its intervals, where a label may go as well
    needed: bool = True  # otherwise it is left out where it would cover something


@dataclass(frozen=True)
class Obstacle:
    """What a label had better not cover: a polyline ``(points, 2)`` in data coordinates.

    A marker is a polyline of one point with a radius.
    """

    line: np.ndarray
    weight: float = 1.0
    radius: float = 0.0  # points


@dataclass(frozen=True)
class _Spot:
    """Where a label may go."""

    box: Bbox
    gap: float  # points from its anchor
    covers: float  # the weight of what it covers, and of its distance


def place(
    axes: Axes, labels: Sequence[Label], obstacles: Sequence[Obstacle] = ()
) -> list[Annotation]:
    """Write *labels* into *axes*. Call it last: a later change of limits or layout moves points.

    Args:
        axes: where to write; its figure is laid out first.
        labels: earlier labels choose first.
        obstacles: what not to cover, apart from other labels.
    """
    figure = style.figure_of(axes)
    figure.draw_without_rendering()
    point = figure.dpi / 72
    renderer = style.renderer_of(figure)
    texts = [_write(axes, label) for label in labels]
    sizes = [_size(text, renderer) for text in texts]
    anchors = axes.transData.transform([(label.x, label.y) for label in labels] or [(0, 0)])
    samples = np.concatenate(
        [_sample(axes.transData.transform(o.line), o, point) for o in obstacles]
        or [np.empty((0, 3))]
    )
    ends = [axes.transData.transform(np.reshape(label.ends, (-1, 2))) for label in labels]
    frame = axes.get_window_extent(renderer).padded(-1.5 * point)
    chosen: list[_Spot | None] = [None] * len(labels)
    for _ in range(_ROUNDS):
        for i, (anchor, size) in enumerate(zip(anchors, sizes, strict=False)):
            boxes = [spot.box for j, spot in enumerate(chosen) if spot and j != i]
            places = [*_around(anchor, size, labels[i].radius, point)]
            places += _beyond(anchor, ends[i], size, point)
            rivals = np.delete(anchors, i, axis=0)
            chosen[i] = _best(places, size, frame, boxes, rivals, samples, point)
    shown = []
    for text, label, anchor, spot in zip(texts, labels, anchors, chosen, strict=False):
        if spot is None or (not label.needed and (spot.gap >= _LEADER or spot.covers >= _TOO_MUCH)):
            text.remove()
            continue
        shown.append(text)
        box = spot.box
        centre = np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2])
        text.set_position((centre - anchor) / point)
        if spot.gap >= _LEADER:
            _lead(axes, anchor, box)
    return shown


def _write(axes: Axes, label: Label) -> Annotation:
    text = axes.annotate(
        label.text,
        (label.x, label.y),
        xytext=(0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        color=label.color,
        fontsize=7.5,
        fontweight="bold" if label.bold else "normal",
        path_effects=[withStroke(linewidth=2, foreground="white")],
        zorder=10,
    )
    text.set_in_layout(False)
    return text


def _size(text: Annotation, renderer: RendererBase) -> np.ndarray:
    box = text.get_window_extent(renderer)
    return np.array([box.width, box.height])


def _sample(line: np.ndarray, obstacle: Obstacle, point: float) -> np.ndarray:
    """Return points on an obstacle, some 2 pt apart, with their weight: ``(samples, 3)``."""
    if len(line) == 1:
        steps = np.linspace(-1, 1, 5) * obstacle.radius * point
        pieces = [line[0] + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)]
    else:
        pieces = [
            start
            + np.linspace(0, 1, 2 + int(np.hypot(*(end - start)) / (2 * point)))[:, None]
            * (end - start)
            for start, end in pairwise(line)
        ]
    places = np.concatenate(pieces)
    return np.column_stack([places, np.full(len(places), obstacle.weight)])


def _around(
    anchor: np.ndarray, size: np.ndarray, radius: float, point: float
) -> Iterator[tuple[np.ndarray, float, float]]:
    """Yield centres for a label around its point, with their gap and what their distance costs."""
    for ring, gap in enumerate(_GAPS):
        for turn, angle in enumerate(_ANGLES):
            way = np.array([np.cos(angle), np.sin(angle)])
            # A wide text beside its point ends before it, not only its middle.
            side = np.clip(1.6 * way, -1, 1) * size / 2
            far = 3 * ring + 0.05 * turn + _LEADER_COST * (gap >= _LEADER)
            yield anchor + way * (gap + radius) * point + side, gap, far


def _beyond(
    anchor: np.ndarray, ends: np.ndarray, size: np.ndarray, point: float
) -> Iterator[tuple[np.ndarray, float, float]]:
    """Yield centres beyond the ends of a point's intervals: which is whose shows without a line."""
    for end in ends:
        length = np.hypot(*(end - anchor))
        if length > _GAPS[0] * point:
            way = (end - anchor) / length
            centre = end + way * (_END_GAP * point + size / 2)
            for turn, share in enumerate((0.0, 0.42, -0.42)):  # centred, or along the other axis
                aside = share * size * (np.abs(way) < 0.5)
                yield centre + aside, _END_GAP, _END_COST + 0.5 * (turn > 0)


def _best(
    places: Iterable[tuple[np.ndarray, float, float]],
    size: np.ndarray,
    frame: Bbox,
    boxes: Sequence[Bbox],
    rivals: np.ndarray,
    samples: np.ndarray,
    point: float,
) -> _Spot | None:
    """Return the spot that covers least of other labels' *boxes* and of obstacles' *samples*.

    A spot nearer to one of the *rivals*, other labels' points, than to what it belongs to costs
    more: a reader would take it for theirs.
    """
    best, least = None, np.inf
    for centre, gap, far in places:
        if least <= far:  # it costs more by its distance alone
            continue
        box = Bbox([centre - size / 2, centre + size / 2])
        near = box.padded(1.5 * point)
        inside = (
            (samples[:, 0] > near.x0)
            & (samples[:, 0] < near.x1)
            & (samples[:, 1] > near.y0)
            & (samples[:, 1] < near.y1)
        )
        outside = box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
        covered = sum(box.padded(point).overlaps(other) for other in boxes)
        mistaken = (_distance(rivals, box) < gap * point).any()
        far += _MISTAKEN * mistaken
        cost = far + samples[inside, 2].sum() + 1000 * outside + 1000 * covered
        if cost < least:
            best, least = _Spot(box, gap, cost), cost
    return best


def _distance(points: np.ndarray, box: Bbox) -> np.ndarray:
    """Return how far each of the *points* is from a box, 0 inside it."""
    return np.hypot(*(points - np.clip(points, [box.x0, box.y0], [box.x1, box.y1])).T)


def _lead(axes: Axes, anchor: np.ndarray, box: Bbox) -> None:
    """Draw a thin line from a point to its distant label."""
    near = np.clip(anchor, [box.x0, box.y0], [box.x1, box.y1])
    ends = axes.transData.inverted().transform([anchor, near])
    (line,) = axes.plot(*ends.T, color="#999999", linewidth=0.5, zorder=2.5)
    line.set_in_layout(False)
