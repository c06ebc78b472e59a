"""Write all tables of a study at once: what is expensive is computed once for all of them.

Open this module to see the step ``mnbench tables``. The trap: worker processes are started anew
rather than forked, since numpy's threads do not survive a fork.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from mnbench.evaluation.bootstrap import REPLICATES
from mnbench.evaluation.evaluate import evaluate
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import TABLES, histories, networks, table
from mnbench.evaluation.tables.files import write_table
from mnbench.evaluation.unread import reasons
from mnbench.lifeline import end_with, name_of
from mnbench.planning.plan import Plan
from mnbench.records.store import RecordStore


def write_tables(
    store: RecordStore,
    out: Path,
    costs: Sequence[str],
    replicates: int = REPLICATES,
    processes: int = 1,
) -> tuple[str, ...]:
    """Write every table of a study as ``<name>.csv``.

    Args:
        store: the records.
        out: the folder for the tables.
        costs: the cost axes of fronts and of comparisons at equal error; claims take the first.
        replicates: of the bootstrap.
        processes: how many to share the work among.

    Returns:
        Why ensembles are missing, a line for each reason.

    Raises:
        UserError: nothing can be evaluated.
    """
    with _pool(processes) if processes > 1 else nullcontext() as pool:
        of_records = pool.submit(_tables_of_records, store.plan, store.root) if pool else None
        evaluation = evaluate(store, replicates, pool)
        ready = of_records.result() if of_records else {}
    results = StudyResults(store, evaluation, costs, ready)
    for name in TABLES:
        write_table(table(results, name), out / f"{name}.csv")
    return reasons(evaluation.missing, store)


def _pool(processes: int) -> ProcessPoolExecutor:
    """Return processes of one thread each: more threads than cores take five times as long."""
    owner = name_of(os.getpid())
    return ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_begin, initargs=(owner,)
    )


def _begin(owner: str) -> None:
    """Limit the libraries that this module has loaded to one thread, and end with the owner."""
    threadpool_limits(1)
    end_with(owner)


def _tables_of_records(plan: Plan, root: Path) -> dict[str, pd.DataFrame]:
    """Return the tables that need no ensemble, in a process of their own."""
    store = RecordStore(plan, root)
    return {
        "networks": networks.of_records(store),
        "histories": histories.of_records(store),
    }
