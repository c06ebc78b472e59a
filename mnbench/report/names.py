"""Names as people say them: "MotherNets, g = 2", "Full Data, half the epochs".

Open this module to change what a point is called on a screen. The trap: names are for reading
only; tables hold the four columns (approach, g, budget, size).
"""

from collections.abc import Hashable, Mapping
from typing import Any

from mnbench.figures.naming import configuration
from mnbench.figures.style import looks


def point_name(point: Mapping[Hashable, Any], prefix: str = "") -> str:
    """Return the name of a row's point.

    Args:
        point: has the columns approach, g and budget.
        prefix: of these columns: "first_" or "second_".

    >>> point_name({"approach": "mothernets", "g": 2, "budget": 0.5})
    'MotherNets, g = 2, half the epochs'
    """
    approach, g, budget = (point[f"{prefix}{name}"] for name in ("approach", "g", "budget"))
    return configuration(looks([approach])[approach].title, g, float(budget))


def setting_name(dataset: str, architecture_set: str) -> str:
    """Return the name of a data set and architecture set."""
    return f"{dataset}, {architecture_set}"
