"""What a reader sees of a figure: its texts, lines and points."""

from itertools import combinations

import numpy as np
from matplotlib.text import Text
from support.synthetic_plan import ERRORS

from mnbench.figures import style

TITLES = {approach: look.title for approach, look in style.looks(a for a, _, _ in ERRORS).items()}


def texts_of(figure) -> list[Text]:
    """Return the texts that a reader sees."""
    figure.draw_without_rendering()
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and on_page(figure, text)
    ]


def on_page(figure, text) -> bool:
    """Whether it is a tick's label outside the limits, which matplotlib keeps but never draws."""
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in axis.get_major_ticks():
                if text in (tick.label1, tick.label2):
                    return min(limits) <= tick.get_loc() <= max(limits)
    return True


def words_of(figure) -> str:
    return " | ".join(text.get_text() for text in texts_of(figure))


def lines_of(axes) -> list[np.ndarray]:
    return [np.column_stack(line.get_data()).astype(float) for line in axes.get_lines()]


def shows(axes, x: float, y: float) -> bool:
    return any(np.isclose(line, (x, y)).all(axis=1).any() for line in lines_of(axes) if len(line))


def full_rows(summary):
    """Return the means over seeds that the main figure shows, written out on its own."""
    largest = summary.groupby("approach")["size"].transform("max")
    rows = summary[summary["size"] == largest]
    keys = ["approach", "g", "budget"]
    return rows.groupby(keys, dropna=False)[["test_error", "cpu_seconds"]].mean().reset_index()


def assert_readable(figure, name: str) -> None:
    renderer = figure.canvas.get_renderer()
    page = figure.bbox.padded(1)
    boxes = [(text, text.get_window_extent(renderer)) for text in texts_of(figure)]
    for text, box in boxes:
        assert page.x0 <= box.x0 and box.x1 <= page.x1, (name, text)
        assert page.y0 <= box.y0 and box.y1 <= page.y1, (name, text)
        assert text.get_fontsize() >= 7, (name, text)
    for (one, a), (other, b) in combinations(boxes, 2):
        assert not a.overlaps(b), (name, one.get_text(), other.get_text())
