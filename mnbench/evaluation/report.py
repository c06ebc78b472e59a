"""All tables of a study, written at once: what is expensive is computed once for all of them."""

from pathlib import Path

import pandas as pd

from mnbench.evaluation import comparisons, tables
from mnbench.evaluation.bootstrap import REPLICATES
from mnbench.evaluation.convergence import convergence
from mnbench.evaluation.ensembles import evaluate
from mnbench.evaluation.estimates import estimates
from mnbench.evaluation.overview import overview
from mnbench.evaluation.store import RecordStore


def write_tables(
    store: RecordStore, out: Path, cost: str, replicates: int = REPLICATES, processes: int = 1
) -> tuple[str, ...]:
    """Evaluate a study's records and write its tables.

    Args:
        store: the records.
        out: the folder for the tables.
        cost: the cost axis of fronts and of comparisons at equal error.
        replicates: of the bootstrap.
        processes: how many to share the work among.

    Returns:
        Why what is missing is missing, each reason once.

    Raises:
        UserError: nothing can be evaluated.
    """
    evaluation = evaluate(store, replicates, processes)
    found = {
        "summary": tables.summary(evaluation),
        "networks": tables.networks(store),
        "histories": tables.histories(store),
        "estimates": estimates(evaluation),
        "differences": comparisons.differences(evaluation),
        "fronts": comparisons.fronts(evaluation, cost),
        "equal_error": comparisons.equal_error(evaluation, cost),
        "cost_to_reach": comparisons.cost_to_reach(evaluation, cost),
        "convergence": convergence(evaluation),
        "missing": _missing(evaluation.missing),
    }
    for name, table in found.items():
        tables.write_table(table, out / f"{name}.csv")
    said = overview(
        found["estimates"], found["convergence"], store.plan.left_out, evaluation.missing
    )
    (out / "summary.md").write_text(said)
    return tuple(dict.fromkeys(one.reason for one in evaluation.missing))


def _missing(missing) -> pd.DataFrame:
    keys = ("dataset", "ensemble", "seed", "approach", "g", "budget", "size")
    rows = [
        {key: getattr(one.ensemble, key) for key in keys} | {"reason": one.reason}
        for one in missing
    ]
    return pd.DataFrame(rows, columns=[*keys, "reason"]).astype({"g": "Int64"})
