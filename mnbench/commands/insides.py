"""``mnbench insides``: why hatching works, measured inside the networks of a finished study.

Open this when a study's members should be looked into: replicas, gradients, error barriers. The
trap: it reads weights, so that committed runs, which have tables only, must be run first.
"""

import sys
from argparse import ArgumentParser, Namespace

from mnbench.checkout import import_approach
from mnbench.commands.arguments import add_plan, folder_to_write
from mnbench.commands.command import Command
from mnbench.errors import UserError
from mnbench.planning.plan import read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    add_plan(parser)
    parser.add_argument(
        "--out",
        type=folder_to_write,
        metavar="FOLDER",
        required=True,
        help="where the tables and figures go",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.evaluation.tables.files import write_table
    from mnbench.figures import FORMATS, style
    from mnbench.insides.ensembles import ensemble_table
    from mnbench.insides.figure import draw_insides
    from mnbench.insides.hatched import hatched_table
    from mnbench.insides.manners import HATCHES
    from mnbench.insides.opened import OpenedStudy
    from mnbench.insides.pairs import pair_table
    from mnbench.naming import without_formulas
    from mnbench.records.paths import StudyPaths
    from mnbench.training.device import acquire

    plan, paths = read_plan(arguments.plan), StudyPaths(arguments.plan.parent)
    with acquire(plan.device) as device:
        study = OpenedStudy(plan, paths, device, import_approach(HATCHES))
        if not study.hatched_trainings():
            raise UserError(
                f"{arguments.plan}: study '{plan.study}' hatches no network; add "
                f"'{HATCHES}' with fewer clusters g than networks to its approaches"
            )
        tables = {
            "hatched": hatched_table(study),
            "pairs": pair_table(study),
            "ensembles": ensemble_table(study),
        }
    if tables["hatched"].empty:
        raise UserError(f"no hatched network can be looked into: {next(iter(study.left_out))}")
    for reason in study.left_out:
        print(f"mnbench: missing from the insides: {reason}", file=sys.stderr)
    for name, table in tables.items():
        write_table(table, arguments.out / f"{name}.csv")
    for dataset in tables["hatched"]["dataset"].unique():
        shown = {name: table[table["dataset"] == dataset] for name, table in tables.items()}
        figure = draw_insides(
            **shown, title=f"Inside the networks: {without_formulas(plan.dataset(dataset).title)}"
        )
        names = (arguments.out / f"insides_{dataset}.{suffix}" for suffix in FORMATS)
        style.save_figure(figure, *names)


COMMAND = Command(
    name="insides",
    summary="look into a finished study's networks: why hatching works",
    description="Hatch the members of a finished study again, and measure what became of them: how "
    "far replicated filters have parted, how large the gradient of inserted filters was at first, "
    "the error barrier between members of equal architecture, and how often members disagree. "
    "Three tables and, for each data set, a figure. Nothing is trained, and no test image is read.",
    example="mnbench insides results/default/plan.json --out results/default/insides",
    add_arguments=_add_arguments,
    run=_run,
)
