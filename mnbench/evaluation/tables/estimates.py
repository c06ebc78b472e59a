"""The table of estimates: every point with a 95 % interval for every figure."""

from typing import Any

import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.combination import RULES
from mnbench.evaluation.ensembles import CENTRED, MEASURES, Evaluation
from mnbench.evaluation.points import COSTS, Point, points

KEYS = ("dataset", "architecture_set", "approach", "g", "budget", "size", "rule")


def estimates(evaluation: Evaluation) -> pd.DataFrame:
    """One row for every point and rule.

    Columns: :data:`KEYS`; ``seeds`` and ``images``, the n of the intervals; every measure and cost
    as its mean over seeds, then with ``_low`` and ``_high`` its interval; ``timed_seeds``,
    those whose times are measurements; ``full_size``, whether the approach has no larger size
    planned. Empty where a rule has no such measure, and intervals of the slow measures at less than
    an approach's full size.
    """
    rows = [
        {"dataset": dataset, "architecture_set": architecture_set} | _row(point, rule)
        for (dataset, architecture_set), of_ensemble in points(evaluation).items()
        for point in of_ensemble
        for rule in RULES
    ]
    columns = [*KEYS, "seeds", "images", "timed_seeds", "full_size"]
    for quantity in (*MEASURES, *COSTS):
        columns += [quantity, f"{quantity}_low", f"{quantity}_high"]
    return pd.DataFrame(rows, columns=columns).astype({"g": "Int64"})


def _row(point: Point, rule: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "approach": point.key.approach,
        "g": point.key.g,
        "budget": point.key.budget,
        "size": point.key.size,
        "rule": rule,
        "seeds": len(point.runs),
        "images": point.bootstrap.images,
        "timed_seeds": len(point.timed("cpu_seconds")),
        "full_size": point.full_size,
    }
    for measure in MEASURES:
        if (rule, measure) in point.runs[0].values:
            row[measure] = point.value(measure, rule)
            replicates = point.replicates(measure, rule)
            if replicates is not None:
                low, high = interval(replicates)
                # Moved replicates (CENTRED) of few seeds may fall below zero, where no error is.
                row[f"{measure}_low"] = max(low, 0.0) if measure in CENTRED else low
                row[f"{measure}_high"] = high
    for cost in COSTS:
        row[cost] = point.cost(cost)
        row[f"{cost}_low"], row[f"{cost}_high"] = interval(point.cost_replicates(cost))
    return row
