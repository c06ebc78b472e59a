"""``mnbench tables``: a study's tables, computed from its records alone.

Open this to evaluate records that another program has written, or on the development images. The
trap: a missing record is a line on standard error and a row of ``missing.csv``; the exit status
stays 0.
"""

import sys
from argparse import ArgumentParser, Namespace

from mnbench.commands.arguments import (
    add_costs,
    add_evaluation_set,
    add_plan,
    check_evaluation_set,
    folder_to_write,
    positive,
)
from mnbench.commands.command import Command
from mnbench.planning.plan import read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    add_plan(parser)
    add_costs(parser, "cost axes, the one that claims are judged on first")
    add_evaluation_set(parser)
    parser.add_argument(
        "--processes",
        type=positive,
        metavar="NUMBER",
        default=1,
        help="processes that share the work (default: 1)",
    )
    parser.add_argument(
        "--out", type=folder_to_write, metavar="FOLDER", required=True, help="where the tables go"
    )


def _run(arguments: Namespace) -> None:
    from mnbench.evaluation.sources import sources, with_tables, write_sources
    from mnbench.evaluation.tables import TITLES
    from mnbench.evaluation.tables.writing import write_tables
    from mnbench.records.paths import StudyPaths
    from mnbench.records.store import RecordStore

    plan, paths = read_plan(arguments.plan), StudyPaths(arguments.plan.parent)
    check_evaluation_set(plan, arguments.plan, arguments.on)
    store = RecordStore(plan, paths.records, arguments.on)
    before = sources(plan, paths, arguments.costs, arguments.on)
    for reason in write_tables(
        store, arguments.out, arguments.costs, processes=arguments.processes
    ):
        print(f"mnbench: missing from the tables: {reason}", file=sys.stderr)
    if others := store.of_other_devices:
        named = ", ".join(sorted({store.devices[id] for id in others}))
        print(
            f"mnbench: {len(others)} of {len(store.devices)} records are of another device "
            f"({named}) than most: their times are kept off time axes",
            file=sys.stderr,
        )
    tables = [arguments.out / f"{name}.csv" for name in TITLES]
    write_sources(StudyPaths(arguments.out).evaluated, with_tables(before, tables))


COMMAND = Command(
    name="tables",
    summary="evaluate a study's records",
    description="Compute every table of a study from its records: test errors, costs, confidence "
    "intervals, comparisons and claims. A record that cannot be read is named and left out. Give "
    "tables of the development images a folder of their own.",
    example="mnbench tables results/default/plan.json --costs training_flops cpu_seconds "
    "--out results/default",
    add_arguments=_add_arguments,
    run=_run,
)
