"""What figures share: looks that differ, units that fit, and the same file each time."""

from itertools import pairwise

import pandas as pd
import pytest
from support.looking import TITLES, assert_readable, texts_of

from mnbench.figures import size, style
from mnbench.figures.aggregate import sized_titles


def test_looks_are_distinct_and_unknown_approaches_get_their_own():
    names = [*TITLES, "wider_network", "my_method", "b_method", "zeta"]
    looks = style.looks(names)
    assert looks["my_method"].title == "My method"
    assert len({look.color for look in looks.values()}) == len(names)
    assert len({look.marker for look in looks.values()}) == len(names)
    assert list(looks)[-2:] == ["wider_network", "single_network"]


def test_a_wider_network_says_what_it_is_as_large_as():
    points = pd.DataFrame({"approach": ["full_data", "wider_network"], "size": [5, 3]})
    points["variant"] = ""
    titles = {"full_data": "Full Data", "wider_network": "One wider network"}
    assert sized_titles(points, titles) == {
        "full_data": "Full Data",
        "wider_network": "One wider network (as large as 3 networks)",
    }


@pytest.mark.parametrize(
    ("cost", "largest", "label", "unit"),
    [
        ("cpu_seconds", 96, "CPU-seconds", 1),
        ("cpu_seconds", 40_000, "CPU-hours", 3600),
        ("training_flops", 2e12, "TFLOPs", 1e12),
        ("training_flops", 5, "GFLOPs", 1e9),
        ("examples", 550_000, "thousand examples", 1e3),
        ("epochs", 50, "epochs", 1),
    ],
)
def test_units_fit_the_values(cost, largest, label, unit):
    quantity = style.quantity(cost, [largest / 3, largest])
    assert quantity.unit == unit
    assert f"({label})" in quantity.label


TITLE_OF_AXIS = "training cost (CPU-seconds)"


@pytest.mark.parametrize(
    ("title", "panels", "titles", "middle"),
    [
        (TITLE_OF_AXIS, 4, 1, True),  # wider than a panel
        (TITLE_OF_AXIS, 6, 1, True),  # the last two of the first row have none below them
        (TITLE_OF_AXIS, 5, 1, True),  # the last row has one panel
        (TITLE_OF_AXIS, 3, 3, False),
        ("cost", 4, 4, False),
        ("cost", 6, 1, True),
        ("cost", 8, 4, False),
    ],
)
def test_panels_share_the_title_of_an_axis_where_each_has_no_room(title, panels, titles, middle):
    with style.styled():
        figure = style.new_figure(3.0)
        columns = min(4, panels)
        rows = -(-panels // columns)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        style.label_outer(grid, panels, title, "error")
        figure.legend(handles=[], loc="outside lower center", title="below", title_fontsize=7.5)
    assert_readable(figure, title)
    renderer = style.renderer_of(figure)
    shown = [text.get_window_extent(renderer) for text in texts_of(figure) if text_is(text, title)]
    assert len(shown) == titles
    widths = [round(axes.get_window_extent().width) for axes in figure.axes]
    assert max(widths) - min(widths) <= 1 and min(widths) > 1200 / columns - 80
    if middle:
        last = (panels - 1) % columns  # of the lowest row
        left, right = (axes.get_window_extent() for axes in (grid[-1, 0], grid[-1, last]))
        assert (shown[0].x0 + shown[0].x1) / 2 == pytest.approx((left.x0 + right.x1) / 2, abs=40)


def text_is(text, words: str) -> bool:
    return text.get_text() == words


@pytest.mark.parametrize(("columns", "ticks"), [(1, 7), (4, 4)])
@pytest.mark.parametrize("low", [5.6, 56.0, 560.0])
def test_ticks_of_a_narrow_logarithmic_axis_do_not_touch(columns, ticks, low):
    with style.styled():
        figure = style.new_figure(2.0)
        grid = figure.subplots(1, columns, sharex=True, squeeze=False)
        grid[0, 0].plot([low, 120 * low], [1, 2])
        style.scale_cost_axis(grid[0, 0].xaxis, low, 120 * low)
        style.label_outer(grid, columns, "cost", "error")
    assert_readable(figure, f"{columns}")
    renderer = style.renderer_of(figure)
    axis = grid[0, -1].xaxis
    texts = [text for text in texts_of(figure) if text in axis.get_ticklabels()]
    assert 2 <= len(texts) <= ticks
    boxes = [text.get_window_extent(renderer) for text in texts]
    assert all(b.x0 - a.x1 > 0.02 * figure.dpi for a, b in pairwise(boxes))


def test_saved_files_are_the_same_each_time_and_pdf_text_stays_text(full, tmp_path):
    for run in ("a", "b"):
        figure = size.draw(full.data())
        style.save_figure(
            figure, *(tmp_path / run / f"size.{kind}" for kind in ("png", "pdf", "svg"))
        )
    for kind in ("png", "pdf", "svg"):
        one, other = (tmp_path / run / f"size.{kind}" for run in ("a", "b"))
        assert one.read_bytes() == other.read_bytes(), kind
    pdf = (tmp_path / "a" / "size.pdf").read_bytes()
    assert b"/Type3" not in pdf and b"CreationDate" not in pdf
