"""The main figure's title: what MotherNets save and what it costs, in a sentence from the tables.

Open this to change what the main figure says above itself. The trap: the interval is that of the
paired difference, and without one there is no sentence.
"""

import pandas as pd

from mnbench.figures import style
from mnbench.naming import configuration


def message(shown: pd.DataFrame) -> str:
    """Return what the figure shows in a sentence: what MotherNets' fewest clusters save and err.

    Args:
        shown: points with the intervals of their differences to Full Data (``aggregate.paired``),
            and whether each is ``small``, of another budget than its approach's main one. Variants
            do not count.

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
    sign = 1 if ours["error"] >= theirs["error"] else -1
    ends = sorted(sign * (ours[f"error_{end}"] - theirs["error"]) for end in ("low", "high"))
    low, high = (f"{end:.1f}".replace("-", "−") for end in ends)
    chance = ", may be chance" if ends[0] <= 0 else ""
    name = configuration(style.looks(["mothernets"])["mothernets"].title, ours["g"])
    return (
        f"{name}: {100 * ours['cost'] / theirs['cost']:.0f} % of Full Data's cost, "
        f"{sign * (ours['error'] - theirs['error']):.1f} pp {'more' if sign > 0 else 'less'} error "
        f"({low} to {high}){chance}"
    )
