"""Every figure by name, from the tables of one data set and ensemble."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from mnbench.figures import cost_breakdown, pareto, size, training_curves
from mnbench.plan import Plan

FIGURES = ("pareto", "size", "cost_breakdown", "training_curves")


def draw(
    name: str, plan: Plan, tables: Mapping[str, pd.DataFrame], cost: str, title: str
) -> Figure:
    """Draw one of :data:`FIGURES`.

    Args:
        name: which.
        plan: the study's plan.
        tables: "summary", "networks" and "histories", rows of one data set and ensemble.
        cost: the column that is the cost axis.
        title: above the figure.
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
    raise ValueError(f"no figure is called {name!r}")
