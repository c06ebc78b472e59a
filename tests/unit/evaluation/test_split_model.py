"""The model of splits: it finds a law again, knows its range, and tells how far it is off."""

from itertools import product

import numpy as np
import pytest

from mnbench.evaluation.split_model import (
    MeasuredSplit,
    fit_splits,
    is_within,
    left_out,
    root_mean_square,
)
from mnbench.planning.splits import BudgetSplit


def law(split: BudgetSplit) -> float:
    """A made-up error: power laws of the epochs, and a level for each g."""
    if not split.hatched:
        return 0.09 * (split.scratch / 10) ** -0.4
    return (0.14 - 0.01 * split.g) * (split.scratch / 10) ** -0.2 * split.hatched**-0.1


def measured(*splits: BudgetSplit) -> list[MeasuredSplit]:
    return [MeasuredSplit(split, law(split)) for split in splits]


GRID = [BudgetSplit(*values) for values in product((1, 2), (5, 10), (2, 4))]
FULL = [BudgetSplit(5, epochs, 0) for epochs in (3, 5, 10)]


@pytest.mark.parametrize(
    "split", [BudgetSplit(1, 7, 3), BudgetSplit(2, 10, 3), BudgetSplit(5, 8, 0)], ids=str
)
def test_a_law_is_found_again(split):
    assert fit_splits(measured(*GRID, *FULL)).error(split) == pytest.approx(law(split))


def test_a_point_that_is_left_out_is_predicted_by_the_law():
    points = measured(*GRID, *FULL)
    assert left_out(points) == pytest.approx([point.error for point in points])


def test_what_breaks_the_law_is_told():
    points = measured(*GRID)
    points[0] = MeasuredSplit(points[0].split, points[0].error * 1.2)
    misses = left_out(points) - [point.error for point in points]
    assert misses.argmin() == 0 and root_mean_square(misses) > 0.005


def test_a_slope_that_nothing_determines_is_flat_and_a_lone_g_is_unknown():
    one, two, lone = measured(BudgetSplit(1, 10, 2), BudgetSplit(1, 10, 4), BudgetSplit(2, 10, 4))
    assert left_out([one, two])[0] == pytest.approx(two.error)
    assert np.isnan(left_out([one, two, lone])[2])
    with pytest.raises(KeyError):
        fit_splits([one, two]).error(lone.split)


def test_epochs_that_rise_together_share_the_slope():
    ray = measured(BudgetSplit(1, 5, 2), BudgetSplit(1, 10, 4), BudgetSplit(1, 20, 8))
    assert fit_splits(ray).error(BudgetSplit(1, 15, 6)) == pytest.approx(law(BudgetSplit(1, 15, 6)))


@pytest.mark.parametrize(
    ("corners", "split", "within"),
    [
        ([(5, 2), (5, 4), (10, 2), (10, 4)], (7, 3), True),
        ([(5, 2), (5, 4), (10, 2), (10, 4)], (10, 4), True),
        ([(5, 2), (5, 4), (10, 2), (10, 4)], (11, 4), False),
        ([(5, 2), (5, 4), (10, 2)], (10, 4), False),
        ([(5, 2), (10, 4)], (5, 4), False),
        ([(6, 2), (12, 4)], (9, 3), True),  # on the line between them
        ([(6, 2), (12, 4)], (15, 5), False),
        ([(10, 4)], (10, 4), True),
        ([(10, 4)], (10, 3), False),
    ],
)
def test_the_range_is_the_hull_of_the_points(corners, split, within):
    measured_there = [BudgetSplit(1, *corner) for corner in corners]
    assert is_within(BudgetSplit(1, *split), measured_there) is within
    assert not is_within(BudgetSplit(2, *split), measured_there)
