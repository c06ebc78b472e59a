"""What a reader sees in five seconds is true: labels have owners, legends say what is drawn."""

import numpy as np
import pytest
from support.looking import assert_readable, texts_of, words_of
from support.synthetic_study import ERRORS, study

from mnbench.figures import speed_up, style

TITLES = {approach: look.title for approach, look in style.looks(a for a, _, _ in ERRORS).items()}


@pytest.fixture(scope="module")
def full():
    return study()


def test_speed_up_has_a_row_for_every_baseline_with_words_where_nothing_is_known(full):
    table = full.equal_error
    unknown = table["against"].isin(["bagging", "single_network"])
    table.loc[unknown, ["speed_up", "error_gain"]] = np.nan
    figure = speed_up.draw(full.data(equal_error=table))
    left, right = figure.axes
    rows = [text.get_text() for text in left.get_yticklabels()]
    assert sorted(rows) == sorted(TITLES[name] for name in set(table["against"]))
    for axes, what in ((left, "error"), (right, "cost")):
        beside = {round(t.get_position()[1]): t.get_text().strip() for t in axes.texts}
        assert beside[rows.index("Bagging")] == "one budget only"
        assert beside[rows.index("One network alone")] == f"does not reach this {what}"
        assert len(beside) == len(rows)
    assert_readable(figure, "speed_up")


def test_a_difference_that_rounds_to_zero_keeps_its_sign(full):
    table = full.equal_error.assign(error_gain=-0.0004, error_gain_low=-0.001, error_gain_high=0.01)
    words = words_of(speed_up.draw(full.data(equal_error=table)))
    assert "−0.04" in words and "0.0," not in words


def test_the_line_of_no_difference_is_apart_from_the_panels_edge(full):
    figure = speed_up.draw(full.data())
    for axes, even in zip(figure.axes, (1.0, 0.0), strict=True):
        low, high = axes.get_xlim()
        assert (even - low) / (high - low) > 0.04
        ends = [patch.get_x() + patch.get_width() for patch in axes.patches]
        assert min(axes.get_xticks()) <= max(ends)
        right = axes.get_window_extent().x1
        texts = [text for text in texts_of(figure) if text in axes.texts]
        nearest = max(text.get_window_extent().x1 for text in texts)
        assert right - 0.05 * axes.get_window_extent().width < nearest <= right
