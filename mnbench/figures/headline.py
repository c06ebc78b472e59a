"""The main figure's title: what MotherNets save, what it costs, and what their rival does.

Open this to change what the main figure says above itself. The trap: the interval is that of the
paired difference, and without one there is no sentence; the rival's number is a mean without one.
"""

import pandas as pd

from mnbench.evaluation.whole_networks import most_within
from mnbench.figures import style
from mnbench.naming import configuration, networks_in_words


def message(shown: pd.DataFrame, fewer: pd.DataFrame) -> str:
    """Return what the figure shows: what MotherNets' fewest clusters save and err, and their rival.

    Args:
        shown: points with the intervals of their differences to Full Data (``aggregate.paired``),
            and whether each is ``small``, of another budget than its approach's main one. Variants
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
    if ours["error_low"] == ours["error_high"]:
        return ""  # the same networks, or no difference known
    sign, words = _signed(ours["error"] - theirs["error"])
    ends = sorted(sign * (ours[f"error_{end}"] - theirs["error"]) for end in ("low", "high"))
    low, high = (f"{end:.1f}".replace("-", "−") for end in ends)
    chance = ", may be chance" if ends[0] <= 0 else ""
    name = configuration(style.looks(["mothernets"])["mothernets"].title, ours["g"])
    return (
        f"{name}: {100 * ours['cost'] / theirs['cost']:.0f} % of Full Data's cost, "
        f"{words} error ({low} to {high}){chance}{_rival(ours, fewer)}"
    )


def _rival(ours: pd.Series, fewer: pd.DataFrame) -> str:
    """Return a second line on the most networks of Full Data that MotherNets' cost pays for.

    An empty text if it pays for none, or for all.
    """
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
