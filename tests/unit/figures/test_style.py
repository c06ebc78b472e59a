"""What figures share: looks that differ, units that fit, and the same file each time."""

import pandas as pd
import pytest
from support.looking import TITLES

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
