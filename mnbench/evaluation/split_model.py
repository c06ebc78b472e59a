"""The error of a split, interpolated between those that a pilot study measured.

For each g the logarithm of the error is linear in the logarithms of the epochs, through the means
of its points. The slopes are common to all g that hatch, and fitted by least squares: a pilot has
a few points for each g. An ensemble without hatched networks (Full Data) has a slope of its own.

Open this module to change how errors are predicted. The trap: outside of what was measured the
model knows nothing; ask :func:`is_within` first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise

import numpy as np

from mnbench.planning.splits import BudgetSplit

_Pair = tuple[int, int]  # epochs before and after hatching


@dataclass(frozen=True)
class MeasuredSplit:
    """A split that a pilot trained, and its mean test error."""

    split: BudgetSplit
    error: float  # fraction


@dataclass(frozen=True)
class SplitModel:
    """A fitted model of the error."""

    centres: dict[int, np.ndarray]  # by g: means of the log epochs and of the log error, (3,)
    slopes: dict[bool, np.ndarray]  # by whether networks are hatched: of both log epochs, (2,)

    def error(self, split: BudgetSplit) -> float:
        """Return the predicted error, a fraction.

        Raises:
            KeyError: nothing was measured at this g.
        """
        centre = self.centres[split.g]
        further = _log_epochs(split) - centre[:2]
        return float(np.exp(centre[2] + further @ self.slopes[split.hatched > 0]))


def fit_splits(points: Sequence[MeasuredSplit]) -> SplitModel:
    """Return the model of measured splits.

    A slope that the points do not determine is 0: then a split like theirs has their mean error.

    Args:
        points: with errors above 0.

    >>> points = [MeasuredSplit(BudgetSplit(1, 10, epochs), 0.2 / epochs) for epochs in (1, 4)]
    >>> round(fit_splits(points).error(BudgetSplit(1, 10, 2)), 3)
    0.1
    """
    centres: dict[int, np.ndarray] = {}
    deviations: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for g in {point.split.g for point in points}:
        of_g = [point for point in points if point.split.g == g]
        rows = np.array([[*_log_epochs(p.split), np.log(p.error)] for p in of_g])
        centres[g] = rows.mean(axis=0)
        deviations[of_g[0].split.hatched > 0].append(rows - centres[g])
    slopes = {hatched: _slopes(rows) for hatched, rows in deviations.items()}
    return SplitModel(centres, slopes)


def _slopes(deviations: Sequence[np.ndarray]) -> np.ndarray:
    """Return the slopes of smallest norm that fit deviations from the means of each g."""
    if not deviations:
        return np.zeros(2)
    rows = np.concatenate(deviations)
    # Means leave differences of 1e-16, which are no variation of epochs.
    return np.linalg.lstsq(rows[:, :2], rows[:, 2], rcond=1e-9)[0]


def _log_epochs(split: BudgetSplit) -> np.ndarray:
    return np.log([split.scratch, max(1, split.hatched)])


def left_out(points: Sequence[MeasuredSplit]) -> np.ndarray:
    """Return what the other points predict of each point's error, as fractions.

    NaN where no other point has its g. The outermost points are extrapolated, so that this is
    harder than what the model is used for.
    """
    predicted = []
    for point in points:
        others = [other for other in points if other is not point]
        known = any(other.split.g == point.split.g for other in others)
        predicted.append(fit_splits(others).error(point.split) if known else np.nan)
    return np.array(predicted)


def misses_by_kind(points: Sequence[MeasuredSplit]) -> dict[bool, np.ndarray]:
    """Return predicted less measured errors, each point left out, as fractions.

    Returns:
        Those of points with hatched networks (True) and without (False); NaN as
        :func:`left_out` has it.
    """
    differences = left_out(points) - np.array([point.error for point in points])
    hatched = np.array([point.split.hatched > 0 for point in points], dtype=bool)
    return {True: differences[hatched], False: differences[~hatched]}


def root_mean_square(values: np.ndarray) -> float:
    """Return the root mean square of the values that are no NaN; NaN where all are.

    >>> root_mean_square(np.array([3.0, 3.0, np.nan]))
    3.0
    """
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


def is_within(split: BudgetSplit, measured: Iterable[BudgetSplit]) -> bool:
    """Return whether a split lies in the convex hull of those measured at its g.

    >>> corners = [BudgetSplit(1, 5, 2), BudgetSplit(1, 10, 4)]
    >>> is_within(BudgetSplit(1, 5, 2), corners), is_within(BudgetSplit(1, 5, 4), corners)
    (True, False)
    """
    corners = [(one.scratch, one.hatched) for one in measured if one.g == split.g]
    return any(
        _in_triangle((split.scratch, split.hatched), corners)
        for corners in combinations_with_replacement(corners, 3)
    )


def _in_triangle(point: _Pair, corners: Sequence[_Pair]) -> bool:
    """Return whether a point lies in a triangle, which may be a line or a point."""
    (x, y), closed = point, [*corners, corners[0]]
    turns = [(c - a) * (y - b) - (d - b) * (x - a) for (a, b), (c, d) in pairwise(closed)]
    axes = zip(*corners, strict=True)
    spans = all(min(axis) <= value <= max(axis) for value, axis in zip(point, axes, strict=True))
    return spans and (min(turns) >= 0 or max(turns) <= 0)
