"""Every figure by name, from the tables of one data set and ensemble."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from mnbench.figures import FIGURES, cost_breakdown, pareto, size, training_curves
from mnbench.plan import Plan


def draw(
    name: str, plan: Plan, tables: Mapping[str, pd.DataFrame], cost: str, title: str
) -> Figure:
    """Draw one of :data:`mnbench.figures.FIGURES`.

    Args:
        name: which.
        plan: the study's plan.
        tables: "summary", "networks" and "histories", rows of one data set and ensemble.
        cost: the column that is the cost axis.
        title: above the figure.

    Raises:
        ValueError: there is no such figure.
    """
    match name:
        case "pareto":
            return pareto.draw(tables["summary"], tables["networks"], cost, title=title)
        case "size":
            return size.draw(tables["summary"], cost, title=title)
        case "cost_breakdown":
            return cost_breakdown.draw(plan, tables["networks"], cost, title=title)
        case "training_curves":
            return training_curves.draw(plan, tables["histories"], title=title)
    raise ValueError(f"no figure is called {name!r}; there are {', '.join(FIGURES)}")
