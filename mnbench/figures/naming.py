"""Configurations as people say them: "MotherNets, g = 2, half the epochs".

Open this to change a name on screen. The trap: tables keep approach, g, budget and size as columns;
these words are for readers and never parsed.
"""

import pandas as pd

_FRACTIONS = {0.25: "a quarter of", 0.5: "half", 0.75: "three quarters of", 2.0: "twice"}


def epochs(budget: float) -> str:
    """Return a multiple of the recipe's epochs in words: "half the epochs"."""
    if budget in _FRACTIONS:
        return f"{_FRACTIONS[budget]} the epochs"
    return f"{100 * budget:g} % of the epochs" if budget < 1 else f"{budget:g} times the epochs"


def configuration(title: str, g: float | None = None, budget: float = 1.0) -> str:
    """Return the name of a configuration.

    Args:
        title: the approach's.
        g: its number of clusters; None, 0 or NA where the approach has none.
        budget: multiple of the recipe's epochs; not named where it is 1.
    """
    clusters = "" if pd.isna(g) or not g else f"g = {g:g}"
    return ", ".join(filter(None, [title, clusters, "" if budget == 1 else epochs(budget)]))
