"""Every figure by name, from the tables of one data set and ensemble."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from mnbench.evaluation.tables.convergence import verdict
from mnbench.figures import (
    FIGURES,
    ON_COST_AXIS,
    attainment,
    clusters,
    combining,
    cost_breakdown,
    diversity,
    pareto,
    reliability,
    size,
    speed_up,
    training_curves,
)
from mnbench.planning.config import TIMES
from mnbench.planning.plan import Plan


def draw(
    name: str, plan: Plan, tables: Mapping[str, pd.DataFrame], cost: str, title: str
) -> Figure:
    """Draw one of :data:`mnbench.figures.FIGURES`.

    Below the title every figure says what a reader must know: that the networks have not converged,
    that times were left out.

    Args:
        name: which.
        plan: the study's plan.
        tables: the study's tables by name, rows of one data set and ensemble.
        cost: the column that is the cost axis.
        title: above the figure.

    Raises:
        ValueError: there is no such figure.
    """
    title = "\n".join([title, *_warnings(name, tables, cost)])
    match name:
        case "pareto":
            return pareto.draw(tables["estimates"], tables["networks"], cost, title=title)
        case "attainment":
            return attainment.draw(tables["summary"], cost, title=title)
        case "speed_up":
            return speed_up.draw(tables["equal_error"], cost, title=title)
        case "combining":
            return combining.draw(tables["estimates"], title=title)
        case "diversity":
            return diversity.draw(tables["estimates"], title=title)
        case "size":
            return size.draw(tables["estimates"], cost, title=title)
        case "reliability":
            return reliability.draw(tables["reliability_bins"], title=title)
        case "clusters":
            where = tables["networks"][["dataset", "architecture_set"]].drop_duplicates()
            places = where.itertuples(index=False, name=None)
            return clusters.draw(plan, *next(places, ("", "")), title=title)
        case "cost_breakdown":
            return cost_breakdown.draw(plan, tables["networks"], cost, title=title)
        case "training_curves":
            return training_curves.draw(plan, tables["histories"], title=title)
    raise ValueError(f"no figure is called {name!r}; there are {', '.join(FIGURES)}")


def _warnings(name: str, tables: Mapping[str, pd.DataFrame], cost: str) -> list[str]:
    found = verdict(tables["convergence"])
    said = [found.sentence] if found.converged is False else []
    if missing := len(tables["missing"]):
        said.append(f"{missing} ensembles of single seeds could not be evaluated: see missing.csv")
    shared = int(tables["networks"]["shared_device"].sum())
    if name in ON_COST_AXIS and cost in TIMES and shared:
        of_all = len(tables["networks"])
        said.append(f"times of {shared} of {of_all} trainings left out: the device was shared")
    return said
