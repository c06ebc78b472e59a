"""``mnbench compare``: two studies side by side, from their records.

Open this when two runs of a study should be compared: before and after a change, say. The trap:
committed runs have tables but no records, and cannot be compared until they are run.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mnbench.commands.arguments import (
    add_evaluation_set,
    check_evaluation_set,
    complete,
    text_that_names,
)
from mnbench.commands.command import Command
from mnbench.errors import UserError
from mnbench.planning.config import COST_AXES
from mnbench.planning.plan import read_plan

if TYPE_CHECKING:
    from mnbench.evaluation.evaluate import Evaluation
    from mnbench.records.store import RecordStore

RESULTS = Path("results")


def _add_arguments(parser: ArgumentParser) -> None:
    for name in ("first", "second"):
        action = parser.add_argument(
            name,
            type=text_that_names,
            metavar=f"{name.upper()}-STUDY",
            help="a study's name, or its folder",
        )
        complete(action, lambda **_: _finished_studies())
    add_evaluation_set(parser)
    parser.add_argument(
        "--cost",
        choices=COST_AXES,
        metavar="AXIS",
        default="training_flops",
        help=f"the cost that is compared: {', '.join(COST_AXES)} (default: training_flops)",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.evaluation.comparison import check_same_images, compare
    from mnbench.report.side_by_side import side_by_side

    # Both are looked for before either is evaluated, which takes its time.
    studies = [_study(study, arguments.on) for study in (arguments.first, arguments.second)]
    check_same_images(studies)
    first, second = map(_evaluation, studies)
    table = compare(first, second, arguments.cost)
    names = (Path(arguments.first).name, Path(arguments.second).name)
    print(side_by_side(table, *names, arguments.cost, arguments.on))


def _study(study: str, evaluated_on: str) -> "RecordStore":
    """Return the records of a study, by its name or folder."""
    from mnbench.records.paths import StudyPaths
    from mnbench.records.store import RecordStore

    if Path(study).is_file():
        raise UserError(f"{study}: is a file; name a study, or the folder that has its plan.json")
    # The working folder may have one of the same name: tests/, docs/.
    by_name = StudyPaths(RESULTS / study)
    paths = StudyPaths(Path(study)) if Path(study).is_dir() else by_name
    if not paths.plan.is_file() and by_name.plan.is_file():
        paths = by_name
    if not paths.plan.is_file():
        raise _no_plan(study, paths.root, paths.plan)
    plan = read_plan(paths.plan)
    check_evaluation_set(plan, paths.plan, evaluated_on)
    return RecordStore(plan, paths.records, evaluated_on)


def _evaluation(store: "RecordStore") -> "Evaluation":
    """Evaluate a study's records, and say on standard error what is missing."""
    from mnbench.evaluation.bootstrap import REPLICATES
    from mnbench.evaluation.evaluate import evaluate
    from mnbench.evaluation.unread import reasons

    evaluation = evaluate(store, REPLICATES)
    for reason in reasons(evaluation.missing, store):
        print(f"mnbench: missing from the comparison: {reason}", file=sys.stderr)
    return evaluation


def _no_plan(study: str, folder: Path, plan: Path) -> UserError:
    if folder.is_dir():
        return UserError(
            f"{plan}: is missing, and records with it: run the study "
            f"(snakemake --configfile config/{folder.resolve().name or 'STUDY'}.yaml), then compare"
        )
    known = _finished_studies()
    return UserError(
        f"{plan}: no study '{study}'; "
        + (f"there are: {', '.join(known)}" if known else "results/ has none yet")
    )


def _finished_studies() -> list[str]:
    return sorted(file.parent.name for file in RESULTS.glob("*/plan.json"))


COMMAND = Command(
    name="compare",
    summary="compare two studies: errors and costs, with intervals",
    description="Compare the full-size ensembles that two studies have in common: the second's "
    "error less the first's, and the ratio of their costs, with 95 % confidence intervals. The "
    "table is Markdown. Both studies must have their records.",
    example="mnbench compare default my-study",
    add_arguments=_add_arguments,
    run=_run,
)
