"""``mnbench plan``: what a study would train, before anything is trained.

Open this when `mnbench plan` and Snakemake's dry run disagree. The trap: Snakemake learns its
approaches from the rule files, this command from the modules in ``baselines/``.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mnbench.commands.checkout import find_approaches
from mnbench.commands.command import Command
from mnbench.errors import UserError


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration", type=Path, metavar="CONFIGURATION", help="a study's YAML file"
    )


def _run(arguments: Namespace) -> None:
    from mnbench.planning.config import read_study
    from mnbench.planning.forecast import overview
    from mnbench.planning.planner import make_plan

    source = str(arguments.configuration)
    study = read_study(_read_yaml(arguments.configuration), source=source)
    print(overview(make_plan(study, find_approaches(), source=source)))


def _read_yaml(file: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{file}: is not YAML: {reason}") from None


COMMAND = Command(
    name="plan",
    summary="predict how many networks a study trains, and at what cost",
    description="Check a study's configuration and predict what each approach trains: the number "
    "of trainings, of networks, and their training FLOPs. Snakemake's dry run prints the same "
    "table. Nothing is trained or written.",
    example="mnbench plan config/default.yaml",
    add_arguments=_add_arguments,
    run=_run,
)
