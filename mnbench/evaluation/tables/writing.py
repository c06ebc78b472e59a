"""Write all tables of a study at once: what is expensive is computed once for all of them.

Open this module to see the step ``mnbench tables``. The trap: worker processes are started anew
rather than forked, since numpy's threads do not survive a fork.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from mnbench.cores import cores_of_this_process
from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import REPLICATES
from mnbench.evaluation.evaluate import evaluate
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables import TABLES, histories, networks, table
from mnbench.evaluation.tables.files import write_table
from mnbench.evaluation.unread import reasons
from mnbench.lifeline import end_with, name_of
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
        UserError: nothing can be evaluated, or a process was killed.
    """
    with _pool(processes) if processes > 1 else nullcontext() as pool:
        of_records = pool.submit(_tables_of_records, store) if pool else None
        evaluation = evaluate(store, replicates, pool)
        ready = of_records.result() if of_records else {}
    results = StudyResults(store, evaluation, costs, ready)
    for name in TABLES:
        write_table(table(results, name), out / f"{name}.csv", store.evaluated_on)
    return reasons(evaluation.missing, store)


class _Pool(ProcessPoolExecutor):
    """Processes that do not hear an interruption: each would print a traceback of its own."""

    def submit(self, *work: Any, **options: Any) -> Future[Any]:
        """Submit work; a process that is started for it inherits that SIGINT is held back."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(*work, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Yield processes of one thread each: more threads than cores take five times as long."""
    owner, cores = name_of(os.getpid()), cores_of_this_process().usable
    context = get_context("spawn")
    pool = _Pool(min(processes, cores), context, initializer=_begin, initargs=(owner,))
    try:
        yield pool
    except BrokenProcessPool as error:
        raise UserError(
            "a process that evaluates records was killed, for want of memory perhaps; run the same "
            "command again, or with --processes 1"
        ) from error
    except BaseException:  # an interruption, for instance: nobody waits for them any more
        for process in active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(owner: str) -> None:
    """Limit the libraries that this module has loaded to one thread, and end with the owner."""
    threadpool_limits(1)
    end_with(owner)


def _tables_of_records(store: RecordStore) -> dict[str, pd.DataFrame]:
    """Return the tables that need no ensemble, in a process of their own."""
    return {
        "networks": networks.of_records(store),
        "histories": histories.of_records(store),
    }
