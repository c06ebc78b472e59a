"""``mnbench tables``: a study's tables, computed from its records alone.

Open this to evaluate records that another program has written, on the development images, or of a
study that was run in parts. The trap: a missing record is a line on standard error and a row of
``missing.csv``; the exit status stays 0.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mnbench.commands.arguments import (
    add_costs,
    add_evaluation_set,
    check_evaluation_set,
    folder_to_write,
    path_to_read,
    positive,
)
from mnbench.commands.command import Command
from mnbench.commands.studies import is_configuration, plan_in
from mnbench.errors import UserError
from mnbench.planning.plan import Plan, read_plan
from mnbench.records.paths import StudyPaths

if TYPE_CHECKING:
    from mnbench.records.store import RecordStore


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "plan",
        type=path_to_read,
        metavar="PLAN",
        help="the study's plan, results/STUDY/plan.json; or its configuration, CONFIG.yaml, whose "
        "plan is then written beside the tables",
    )
    parser.add_argument(
        "--records",
        nargs="+",
        type=path_to_read,
        metavar="FOLDER",
        help="where the records are: the folders of the studies that are parts of this one "
        "(default: the folder of the plan, or results/STUDY of a configuration)",
    )
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
    from mnbench.records.folders import records_folder
    from mnbench.records.run_log import gather

    plan = plan_in(arguments.plan)
    check_evaluation_set(plan, arguments.plan, arguments.on)
    own_plan = StudyPaths(arguments.out).plan if is_configuration(arguments.plan) else None
    if own_plan:
        _check_place(own_plan, plan)
    store = _store(plan, arguments)
    before = sources(plan, store.directory, arguments.costs, arguments.on)
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
    if own_plan:
        plan.write(own_plan)
    if arguments.records:
        folders = [records_folder(folder).parent for folder in arguments.records]
        gather(StudyPaths(arguments.out).runs, [StudyPaths(folder).runs for folder in folders])
    tables = [arguments.out / f"{name}.csv" for name in TITLES]
    write_sources(StudyPaths(arguments.out).evaluated, with_tables(before, tables))


def _check_place(file: Path, plan: Plan) -> None:
    """Check that the plan, which figures and pages need, takes no other study's place."""
    if file.exists() and (other := read_plan(file).study) != plan.study:
        raise UserError(
            f"{file}: is the plan of study '{other}', not of '{plan.study}'; name another folder "
            "in --out"
        )


def _store(plan: Plan, arguments: Namespace) -> "RecordStore":
    """Return the records, from the folders that have them; say what is odd on standard error."""
    from mnbench.records.folders import locate, records_folder
    from mnbench.records.store import RecordStore

    own = Path("results", plan.study) if is_configuration(arguments.plan) else arguments.plan.parent
    if not arguments.records:
        return RecordStore(plan, StudyPaths(own).records, arguments.on)
    located = locate(plan, [records_folder(folder) for folder in arguments.records])
    for line in located.passed_over:
        print(f"mnbench: another folder's record is taken: {line}", file=sys.stderr)
    if located.other_bits:
        print(
            f"mnbench: {len(located.other_bits)} trainings predict differently in two folders, as "
            "those of two kinds of device do: the first folder's are taken",
            file=sys.stderr,
        )
    return RecordStore(plan, located.first, arguments.on, located.elsewhere)


COMMAND = Command(
    name="tables",
    summary="evaluate a study's records",
    description="Compute every table of a study from its records: test errors, costs, confidence "
    "intervals, comparisons and claims. A record that cannot be read is named and left out. Give "
    "tables of the development images a folder of their own. A study that was run in parts is put "
    "together from the parts' folders: --records.",
    example="mnbench tables results/default/plan.json --costs training_flops cpu_seconds "
    "--out results/default",
    add_arguments=_add_arguments,
    run=_run,
)
