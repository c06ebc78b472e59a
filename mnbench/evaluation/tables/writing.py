"""All tables of a study, written at once: what is expensive is computed once for all of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from mnbench.evaluation.bootstrap import REPLICATES
from mnbench.evaluation.claims.claim import judge, read_claims, table
from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.ensembles import Evaluation, evaluate
from mnbench.evaluation.points import points
from mnbench.evaluation.tables import comparisons, tables
from mnbench.evaluation.tables.convergence import convergence
from mnbench.evaluation.tables.estimates import estimates
from mnbench.evaluation.tables.reliability_bins import reliability
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.store import RecordStore
from mnbench.report import verdicts
from mnbench.report.overview import overview


def write_tables(
    store: RecordStore,
    out: Path,
    costs: Sequence[str],
    replicates: int = REPLICATES,
    processes: int = 1,
) -> tuple[str, ...]:
    """Evaluate a study's records and write its tables.

    Args:
        store: the records.
        out: the folder for the tables.
        costs: the axes of fronts and of comparisons at equal error; the claims' is the first.
        replicates: of the bootstrap.
        processes: how many to share the work among.

    Returns:
        Why what is missing is missing, each reason once.

    Raises:
        UserError: nothing can be evaluated.
    """
    with _pool(processes) if processes > 1 else nullcontext() as pool:
        described = pool.submit(_described, store.plan, store.root) if pool else None
        evaluation = evaluate(store, replicates, pool)
        networks, histories = described.result() if described else _of_records(store)
    found = {
        "summary": tables.summary(evaluation),
        "networks": networks,
        "histories": histories,
        "estimates": estimates(evaluation),
        "differences": comparisons.differences(evaluation),
        "fronts": _on_axes(comparisons.fronts, evaluation, costs),
        "equal_error": _on_axes(comparisons.equal_error, evaluation, costs),
        "cost_to_reach": _on_axes(comparisons.cost_to_reach, evaluation, costs),
        "convergence": convergence(evaluation),
        "reliability": reliability(evaluation),
        "missing": _missing(evaluation.missing),
    }
    for name, one in found.items():
        tables.write_table(one, out / f"{name}.csv")
    said = overview(
        found["estimates"], found["convergence"], store.plan.left_out, evaluation.missing
    )
    (out / "summary.md").write_text(said)
    evidence = _evidence(evaluation, store, found["networks"], costs[0])
    claims = read_claims()
    findings = judge(claims, evidence)
    tables.write_table(table(findings), out / "claims.csv")
    gains, missing = found["convergence"], len(found["missing"])
    said = verdicts.report(store.plan.study, claims, findings, evidence, gains, missing)
    (out / "claims.md").write_text(said)
    return tuple(dict.fromkeys(one.reason for one in evaluation.missing))


def _pool(processes: int) -> ProcessPoolExecutor:
    """Processes of one thread each: more threads than cores take five times as long.

    New ones rather than forked ones, since numpy's threads do not survive a fork.
    """
    return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_one_thread)


def _one_thread() -> None:
    """Limit the libraries that this module has loaded: the reason for a function of its own."""
    threadpool_limits(1)


def _described(plan: Plan, root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _of_records(RecordStore(plan, root))


def _of_records(store: RecordStore) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables that need no ensemble."""
    return tables.networks(store), tables.histories(store)


def _on_axes(
    compare: Callable[[Evaluation, str], pd.DataFrame],
    evaluation: Evaluation,
    costs: Sequence[str],
) -> pd.DataFrame:
    """One comparison on every cost axis, told apart by the column ``cost``."""
    return pd.concat([compare(evaluation, cost) for cost in costs], ignore_index=True)


def _evidence(
    evaluation: Evaluation, store: RecordStore, networks: pd.DataFrame, cost: str
) -> list[Evidence]:
    found = []
    for (dataset, architecture_set), here in points(evaluation).items():
        rows = tables.select(networks, dataset, architecture_set)
        details = {id: store.record(TrainingId.parse(id)).details for id in rows["record"]}
        hatching = {
            id: float(of_record["hatching_difference"])
            for id, of_record in details.items()
            if "hatching_difference" in of_record
        }
        found.append(
            Evidence(dataset, architecture_set, tuple(here), store.plan, rows, hatching, cost)
        )
    return found


def _missing(missing) -> pd.DataFrame:
    keys = ("dataset", "architecture_set", "seed", "approach", "g", "budget", "size")
    rows = [
        {key: getattr(one.ensemble, key) for key in keys} | {"reason": one.reason}
        for one in missing
    ]
    return pd.DataFrame(rows, columns=[*keys, "reason"]).astype({"g": "Int64"})
