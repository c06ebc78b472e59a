"""``mnbench plan``: what a study would train, before anything is trained.

Open this when `mnbench plan` and Snakemake's dry run disagree. The trap: Snakemake learns its
approaches from the rule files, this command from the modules in ``baselines/``.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.commands.arguments import flops, path_to_read, percentage_points
from mnbench.commands.checkout import find_approaches
from mnbench.commands.command import Command
from mnbench.commands.studies import study_and_plan


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration", type=path_to_read, metavar="CONFIGURATION", help="a study's YAML file"
    )
    parser.add_argument(
        "--half-width",
        type=percentage_points,
        metavar="POINTS",
        help="also say how many seeds an interval of so many percentage points to each side needs, "
        "from the variances that --components has",
    )
    parser.add_argument(
        "--components",
        type=path_to_read,
        metavar="FILE",
        help="components.csv of a finished study (default: the one of this study)",
    )
    parser.add_argument(
        "--budget",
        type=flops,
        metavar="FLOPS",
        help="also propose how MotherNets best spend so many training FLOPs for each seed, as "
        "1.2e12, 1.2T or 500G: g, and the epochs of MotherNets and of hatched networks",
    )
    parser.add_argument(
        "--pilot",
        type=path_to_read,
        metavar="FOLDER",
        help="tables of a finished study, whose errors --budget interpolates (default: those of "
        "this study)",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.planning.disk import disk_line
    from mnbench.planning.forecast import overview

    source = str(arguments.configuration)
    study, plan = study_and_plan(arguments.configuration)
    said = [f"{overview(plan)}\n{disk_line(plan)}"]
    if arguments.half_width is not None:
        from mnbench.evaluation.tables.files import read_table
        from mnbench.report.precision import seeds_needed

        finished = arguments.components or Path("results", study.study, "components.csv")
        table = read_table(finished)
        said.append(seeds_needed(table, arguments.half_width / 100))
    if arguments.budget is not None:
        from mnbench.report.budget import proposals

        pilot = arguments.pilot or Path("results", study.study)
        said.append(proposals(study, find_approaches(), arguments.budget, pilot, source=source))
    print("\n\n".join(said))


COMMAND = Command(
    name="plan",
    summary="predict how many networks a study trains, and at what cost",
    description="Check a study's configuration and predict what each approach trains: the number "
    "of trainings, of networks, and their training TFLOPs. Snakemake's dry run prints the same "
    "table. Nothing is trained or written.",
    example="mnbench plan config/default.yaml",
    add_arguments=_add_arguments,
    run=_run,
)
