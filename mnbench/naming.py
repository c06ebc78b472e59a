"""Names as people say them: "MotherNets, g = 2, half the epochs".

Open this module to change what is said on a screen, in a figure or on a page. The trap: tables keep
approach, g, budget and size as columns; these words are for readers and never parsed.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

_TITLES = {
    "mothernets": "MotherNets",
    "full_data": "Full Data",
    "knowledge_distillation": "Knowledge Distillation",
    "bagging": "Bagging",
    "treenets": "TreeNets",
    "snapshot_ensembles": "Snapshot Ensembles",
    "wider_network": "One wider network",
    "single_network": "One network alone",
}
# What ensembles are measured against: one network each. The first stands for an ensemble's size.
WIDER = "wider_network"
CONTROLS = (WIDER, "single_network")
_FRACTIONS = {0.25: "a quarter of", 0.5: "half", 0.75: "three quarters of", 2.0: "twice"}


def approach_title(approach: str) -> str:
    """Return the title of an approach; an unknown one's is made from its name.

    >>> approach_title("my_method")
    'My method'
    """
    words = approach.replace("_", " ").strip()
    return _TITLES.get(approach, words[:1].upper() + words[1:])


def networks_in_words(approach: str, size: int) -> str:
    """Return how many networks predict together, or how many a control is as large as.

    >>> networks_in_words("bagging", 1), networks_in_words("wider_network", 5)
    ('1 network', 'as large as 5 networks')
    """
    words = f"{size} network{'' if size == 1 else 's'}"
    return f"as large as {words}" if approach == WIDER else words


def epochs(budget: float) -> str:
    """Return a multiple of the recipe's epochs in words.

    >>> epochs(0.5), epochs(4), epochs(0.3)
    ('half the epochs', '4 times the epochs', '30 % of the epochs')
    """
    if budget in _FRACTIONS:
        return f"{_FRACTIONS[budget]} the epochs"
    return f"{100 * budget:g} % of the epochs" if budget < 1 else f"{budget:g} times the epochs"


def named_variant(variant: str) -> str:
    """Return the configuration's name in the words for a variant, or "" if there is none.

    An approach and each of its named variants is a line of its own in figures. What an approach
    itself calls a variant has spaces, which names do not have.

    >>> named_variant("improved, hatched epochs x 0.5"), named_variant("hatched epochs x 0.5")
    ('improved', '')
    """
    name = variant.split(", ")[0]
    return "" if " " in name else name


def configuration(
    title: str, g: float | None = None, budget: float = 1.0, variant: str = ""
) -> str:
    """Return the name of a configuration.

    Args:
        title: the approach's; "" leaves it out.
        g: its number of clusters; None or NA where the approach has none.
        budget: multiple of the recipe's epochs; not named where it is 1.
        variant: what else tells it from the approach's others, in words.
    """
    clusters = "" if pd.isna(g) else f"g = {g:g}"
    trained = "" if budget == 1 else epochs(budget)
    return ", ".join(filter(None, [title, clusters, trained, variant]))


def point_name(point: Mapping[Hashable, Any], prefix: str = "") -> str:
    """Return the name of a row's point.

    Args:
        point: has the columns approach, g and budget, and perhaps variant.
        prefix: of these columns: "first_" or "second_".

    >>> point_name({"approach": "mothernets", "g": 2, "budget": 0.5})
    'MotherNets, g = 2, half the epochs'
    >>> shorter = {"variant": "hatched epochs x 0.5"}
    >>> point_name({"approach": "mothernets", "g": 2, "budget": 1} | shorter)
    'MotherNets, g = 2, hatched epochs x 0.5'
    """
    approach, g, budget = (point[f"{prefix}{name}"] for name in ("approach", "g", "budget"))
    variant = str(point.get(f"{prefix}variant", ""))
    return configuration(approach_title(approach), g, float(budget), variant)


def without_formulas(text: str) -> str:
    """Return somebody's own words for a figure, in which a dollar sign begins no formula.

    >>> print(without_formulas("$5"))
    \\$5
    """
    return text.replace("$", "\\$")


def setting_name(dataset: str, architecture_set: str) -> str:
    """Return the name of a data set and architecture set."""
    return f"{dataset}, {architecture_set}"
