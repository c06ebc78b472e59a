"""``mnbench plan``: what a study would train, before anything is trained.

Open this when `mnbench plan` and Snakemake's dry run disagree. The trap: Snakemake learns its
approaches from the rule files, this command from the modules in ``baselines/``.
"""

from argparse import ArgumentParser, Namespace

from mnbench.commands.arguments import path_to_read
from mnbench.commands.checkout import find_approaches
from mnbench.commands.command import Command


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration", type=path_to_read, metavar="CONFIGURATION", help="a study's YAML file"
    )


def _run(arguments: Namespace) -> None:
    from mnbench.planning.config import read_study
    from mnbench.planning.disk import disk_line
    from mnbench.planning.forecast import overview
    from mnbench.planning.planner import make_plan
    from mnbench.yaml_files import read_yaml

    source = str(arguments.configuration)
    study = read_study(read_yaml(arguments.configuration), source=source)
    plan = make_plan(study, find_approaches(), source=source)
    print(f"{overview(plan)}\n{disk_line(plan)}")


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
