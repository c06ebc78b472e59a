"""Numbers in words, and words that numbers must bear out.

In a template of :mod:`mnbench.report.passages` a sentence is written by hand, and its numbers are
filled in. The filters here say a number; those of :data:`CHECKED` also *check* what is said of it,
when pages are written and in the tests. A sentence that new tables do not bear out is an error,
which names its passage, and somebody writes it anew.

======================================  ========================================================
``difference | more``, ``less``          errors: the interval lies on that side of zero
``difference | undecided``               errors: the interval holds zero
``differences | more_in_the_mean``       errors: each mean lies above zero, whatever the intervals
``ratio | cheaper``                      a speed-up: the interval lies above 1
``ratio | no_cheaper``                   a speed-up that is not shown: the interval holds 1
``"half" | fits(ratio, 0.45, 0.55)``     words for a size: the number lies in that range
``"on the front" | given(condition)``    words for anything else: the condition is true
======================================  ========================================================

Instead of one difference or number there may be a list, of all architecture sets, say: then it must
be so of each. Open this module to let a template say something else. The trap: ``points`` and
``signed`` say a difference and check nothing; they are for tables.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mnbench.architectures import load_architectures, parameter_count
from mnbench.evaluation.split_model import root_mean_square

Interval = tuple[float, float, float]  # a value and the ends of its interval


class Untrue(ValueError):
    """Raised by a sentence that the tables do not bear out."""


def _percent(point: pd.Series, metric: str, digits: int = 2) -> str:
    """Return a metric of a point in percent, with its interval."""
    value, low, high = (100 * point[f"{metric}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.{digits}f} % ({low:.{digits}f} to {high:.{digits}f})"


def signed(difference: Interval) -> str:
    """Return a difference of errors in percentage points, with its sign; see :func:`times`."""
    value, low, high = (100 * part for part in difference)
    if np.isnan(value):
        return "not reached"
    return f"{value:+.2f}" if np.isnan(low) else f"{value:+.2f} ({low:+.2f} to {high:+.2f})"


def times(ratio: Interval) -> str:
    """Return a ratio of costs, with its interval; "not reached" of one that is not known."""
    value, low, high = ratio
    if np.isnan(value):
        return "not reached"
    return f"{value:.2f}" if np.isnan(low) else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _points(difference: Interval) -> str:
    """Return a difference of errors in percentage points, said as more or less."""
    value, *ends = (100 * part for part in difference)
    low, high = sorted(np.sign(value or 1.0) * np.array(ends))
    return f"{abs(value):.2f} points {'more' if value > 0 else 'less'} ({low:.2f} to {high:.2f})"


def _more(differences: Interval | Sequence[Interval]) -> str:
    """Return a difference of errors that is above zero, interval and all."""
    for difference in _each(differences):
        if not difference[1] > 0:
            raise Untrue(f"'more' is said of {signed(difference)} points")
    return _said(differences, "more")


def _less(differences: Interval | Sequence[Interval]) -> str:
    """Return a difference of errors that is below zero, interval and all."""
    for difference in _each(differences):
        if not difference[2] < 0:
            raise Untrue(f"'less' is said of {signed(difference)} points")
    return _said(differences, "less")


def _undecided(differences: Interval | Sequence[Interval]) -> str:
    """Return a difference of errors that may be chance: its interval holds zero."""
    each = _each(differences)
    for difference in each:
        if not difference[1] <= 0 <= difference[2]:
            raise Untrue(f"'which may be chance' is said of {signed(difference)} points")
    if len(each) == 1:
        return f"{_points(each[0])}, which may be chance"
    values = [100 * value for value, _, _ in each]
    return f"{min(values):+.2f} to {max(values):+.2f} points, which may be chance"


def _more_in_the_mean(differences: Sequence[Interval]) -> str:
    """Return differences of errors whose means are all above zero."""
    for difference in _each(differences):
        if not difference[0] > 0:
            raise Untrue(f"'more in the mean' is said of {signed(difference)} points")
    return f"{_said(differences, 'more')} in the mean"


def _said(differences: Interval | Sequence[Interval], word: str) -> str:
    """Return one difference with its interval, of several the smallest and the largest."""
    each = _each(differences)
    if len(each) == 1:
        return _points(each[0])
    sizes = [100 * abs(value) for value, _, _ in each]
    return f"{min(sizes):.2f} to {max(sizes):.2f} points {word}"


def _cheaper(ratio: Interval) -> str:
    """Return by how many times something is cheaper, if its interval lies above 1."""
    if not ratio[1] > 1:
        raise Untrue(f"'times cheaper' is said of {times(ratio)}")
    value, low, high = ratio
    return f"{value:.2f} times cheaper ({low:.2f} to {high:.2f})"


def _no_cheaper(ratio: Interval) -> str:
    """Return a speed-up whose interval holds 1."""
    if not ratio[1] <= 1 <= ratio[2]:
        raise Untrue(f"'no times cheaper' is said of {times(ratio)}")
    return f"{times(ratio)} times"


def _fits(words: str, numbers: float | Sequence[float], low: float, high: float) -> str:
    """Return words for a size, if each number lies in a range."""
    for number in np.atleast_1d(np.asarray(numbers, float)):
        if not low <= number <= high:
            raise Untrue(f"'{words}' is said of {number:.3g}, and fits {low:g} to {high:g}")
    return words


def _given(words: str, condition: object) -> str:
    """Return words, if a condition is true."""
    if not condition:
        raise Untrue(f"'{words}' is said, and it is not so")
    return words


def _parameters(architecture_set: str, *, in_channels: int, image_size: int) -> str:
    """Return the number of parameters of a set's networks together, in millions, for 10 classes."""
    shape = {"in_channels": in_channels, "image_size": image_size, "num_classes": 10}
    networks = load_architectures(architecture_set)
    return f"{sum(parameter_count(network, **shape) for network in networks) / 1e6:.1g} M"


def _each(differences: Any) -> Sequence[Interval]:
    """Return one or several differences as several."""
    if not len(differences):
        raise Untrue("something is said of no difference at all")
    return differences if isinstance(differences[0], tuple) else [differences]


CHECKED: Mapping[str, Callable[..., str]] = {
    "more": _more,
    "less": _less,
    "undecided": _undecided,
    "more_in_the_mean": _more_in_the_mean,
    "cheaper": _cheaper,
    "no_cheaper": _no_cheaper,
    "fits": _fits,
    "given": _given,
}
FILTERS: Mapping[str, Callable[..., Any]] = {
    "percent": _percent,
    "points": _points,
    "signed": signed,
    "times": times,
    "root_mean_square": root_mean_square,
    "largest": np.nanmax,
    "parameters": _parameters,
    **CHECKED,
}
