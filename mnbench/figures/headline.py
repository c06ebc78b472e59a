"""The main figure's title: what MotherNets save, what it costs, and what their rival does.

Open this to change what the main figure says above itself. The trap: the difference and its
interval are paired, on the seeds that both have, and without one there is no sentence. Shares of
cost and the rival's number are of means, and so are said only where all are of the same seeds.
"""

import re

import pandas as pd
from matplotlib.figure import Figure

from mnbench.evaluation.whole_networks import most_within
from mnbench.figures import style
from mnbench.naming import configuration, networks_in_words

_MOST_OF_PAGE = 0.99  # for a line above the figure


def write(figure: Figure, said: str) -> None:
    """Write a message above a figure, in bold; break each line that is wider than the page.

    Args:
        figure: the main figure, of :func:`mnbench.figures.style.new_figure`.
        said: what :func:`message` returns, no empty text.
    """
    title = figure.suptitle("", fontweight="bold")
    lines = []
    for line in said.splitlines():
        title.set_text(line)
        width = title.get_window_extent(style.renderer_of(figure)).width
        lines.append(line if width <= _MOST_OF_PAGE * figure.bbox.width else broken(line))
    title.set_text("\n".join(lines))


def broken(line: str) -> str:
    """Break a line in two, after the comma or colon that leaves the shortest ones.

    >>> broken("MotherNets, g = 1: 61 % of the cost, 0.4 pp more error (0.2 to 1.1), or less")
    'MotherNets, g = 1: 61 % of the cost,\\n0.4 pp more error (0.2 to 1.1), or less'
    """
    ends = [match.end() for match in re.finditer("[,:] ", line)]
    if not ends:
        return line
    end = min(ends, key=lambda end: max(end, len(line) - end))
    return f"{line[:end].rstrip()}\n{line[end:]}"


def message(shown: pd.DataFrame, fewer: pd.DataFrame) -> str:
    """Return what the figure shows: what MotherNets' fewest clusters save and err, and their rival.

    Args:
        shown: points with their paired differences to Full Data (``aggregate.paired``), and
            whether each is ``small``, of another budget than its approach's main one. Variants
            do not count.
        fewer: Full Data's points by size, with the same cost axis, or no rows.

    Returns:
        An empty text without Full Data or MotherNets of its budget.
    """
    main = shown[~shown["small"] & (shown["variant"] == "")].sort_values("g")
    full, hatched = (main[main["approach"] == name] for name in ("full_data", "mothernets"))
    if full.empty or hatched.empty or full["budget"].iloc[0] != hatched["budget"].iloc[0]:
        return ""
    ours, theirs = hatched.iloc[0], full.iloc[0]
    if not ours["gap_low"] < ours["gap_high"]:
        return ""  # the same networks, or no difference known
    sign, words = _signed(ours["gap"])
    ends = sorted(sign * ours[f"gap_{end}"] for end in ("low", "high"))
    low, high = (f"{end:.1f}".replace("-", "−") for end in ends)
    chance = ", may be chance" if ends[0] <= 0 else ""
    title = style.looks(["mothernets"])["mothernets"].title
    if ours["size"] < theirs["size"]:
        title += f" ({networks_in_words(ours['approach'], ours['size'])})"
    return (
        f"{configuration(title, ours['g'])}: {_compared(ours, theirs, words)} ({low} to {high})"
        f"{chance}{_rival(ours, theirs, fewer)}"
    )


def _compared(ours: pd.Series, full: pd.Series, words: str) -> str:
    """Return the share of the cost and the difference of errors, in words.

    Without the share where a seed is missing, since no table has costs that are paired. It names
    the number of Full Data's networks if that is another.
    """
    some = f"{networks_in_words(full['approach'], full['size'])} of Full Data"
    same_size = full["size"] == ours["size"]
    if len({ours["gap_seeds"], ours["cost_seeds"], full["cost_seeds"]}) > 1:
        return f"{words} error than {'Full Data' if same_size else some}"
    whose = "Full Data's cost" if same_size else f"the cost of {some}"
    return f"{100 * ours['cost'] / full['cost']:.0f} % of {whose}, {words} error"


def _rival(ours: pd.Series, full: pd.Series, fewer: pd.DataFrame) -> str:
    """Return a second line on the most networks of Full Data that MotherNets' cost pays for.

    An empty text if it pays for none, or for all, or if a mean is of other seeds than the others.
    """
    numbers = {ours["gap_seeds"], ours["seeds"], ours["cost_seeds"], full["seeds"], *fewer["seeds"]}
    if len(numbers) > 1:
        return ""
    most = most_within(fewer, ours["cost"], "cost")
    if most is None or most["full_size"]:
        return ""
    _, words = _signed(most["error"] - ours["error"])
    networks = networks_in_words(most["approach"], most["size"])
    return f"\n{networks} of Full Data for no more cost: {words} error than MotherNets (mean)"


def _signed(difference: float) -> tuple[int, str]:
    """Return the sign of a difference in percentage points, and its words."""
    sign = 1 if difference >= 0 else -1
    return sign, f"{abs(difference):.1f} pp {'more' if sign > 0 else 'less'}"
