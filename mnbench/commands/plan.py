"""``mnbench plan``: what a study would train, and how long it takes, before anything is trained.

Open this when `mnbench plan` and Snakemake's dry run disagree. The trap: Snakemake learns its
approaches from the rule files, this command from the modules in ``baselines/``.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnbench.checkout import find_approaches
from mnbench.commands.arguments import (
    file_to_write,
    path_to_read,
    percentage_points,
    positive,
    time_or_flops,
)
from mnbench.commands.command import Command
from mnbench.errors import UserError

if TYPE_CHECKING:
    from mnbench.planning.plan import Plan
    from mnbench.timing.calibration import Calibration
    from mnbench.timing.within import Chooser

_UNCALIBRATED = "not known on this machine; --calibrate measures it, in a minute"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "configuration", type=path_to_read, metavar="CONFIGURATION", help="a study's YAML file"
    )
    calibration = parser.add_mutually_exclusive_group()
    calibration.add_argument(
        "--calibrate",
        action="store_true",
        help="measure for a minute how long steps of this study's networks take on this machine; "
        "results/.cache keeps the answer",
    )
    calibration.add_argument(
        "--calibration",
        type=path_to_read,
        metavar="FILE",
        help="predict the hours of another machine, say a cluster's node, from what --calibrate "
        "kept there (default: what it kept here)",
    )
    parser.add_argument(
        "--devices",
        type=positive,
        metavar="NUMBER",
        help="predict the wall time of so many trainings side by side (default: those of this "
        "machine, one a core, or those that its GPUs take)",
    )
    parser.add_argument(
        "--csv",
        type=file_to_write,
        metavar="FILE",
        help="also write a row for every ensemble of every size; the name ends in .csv",
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
        type=time_or_flops,
        metavar="BUDGET",
        help="a time, as 8h, 90m or 2d: also propose the part of the study that fits into it; or "
        "training FLOPs, as 1.2e12, 1.2T or 500G: also propose how MotherNets best spend so many "
        "for each seed: g, and the epochs of MotherNets and of hatched networks",
    )
    parser.add_argument(
        "--out",
        type=file_to_write,
        metavar="FILE",
        help="write the configuration that --budget proposes for a time; it must not be there yet",
    )
    parser.add_argument(
        "--pilot",
        type=path_to_read,
        metavar="FOLDER",
        help="tables of a finished study, whose errors --budget interpolates for training FLOPs "
        "(default: those of this study)",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.files import write_text
    from mnbench.planning.config import read_study
    from mnbench.planning.disk import disk_line
    from mnbench.planning.forecast import overview
    from mnbench.planning.planner import make_plan
    from mnbench.timing.outlook import Outlook
    from mnbench.timing.rows import largest_rows, plan_rows, rows_as_csv, whole_bill
    from mnbench.timing.rows_table import rows_table
    from mnbench.yaml_files import read_yaml

    source = str(arguments.configuration)
    wish = read_yaml(arguments.configuration)
    study = read_study(wish, source=source)
    for_time = isinstance(arguments.budget, timedelta)
    _check_files(arguments, for_time=for_time)
    approaches = find_approaches()
    plan = make_plan(study, approaches, source=source)
    said = [f"{overview(plan)}\n{disk_line(plan)}"]
    calibration, unknown = _calibration(arguments, plan)
    outlook = Outlook.of(plan, calibration, arguments.devices) if calibration else None
    rows = outlook.rows if outlook else plan_rows(plan, {})
    if outlook:
        said.append(outlook.text())
    else:
        said.append(rows_table(largest_rows(rows), whole_bill(plan, {}), timed=False))
        said.append(f"hours: {unknown}")
    if arguments.csv is not None:
        write_text(arguments.csv, rows_as_csv(rows))
        said.append(f"{arguments.csv}: {len(rows):,} rows")
    if arguments.half_width is not None:
        from mnbench.evaluation.tables.files import read_table
        from mnbench.report.precision import seeds_needed

        finished = arguments.components or Path("results", study.study, "components.csv")
        table = read_table(finished)
        said.append(seeds_needed(table, arguments.half_width / 100))
    if for_time:
        from mnbench.timing.within import Chooser

        if calibration is None:
            raise UserError(f"--budget: a time needs to know this machine; {unknown}")
        chooser = Chooser(study, approaches, calibration, source, arguments.devices)
        said.append(_within(chooser, wish, arguments))
    elif arguments.budget is not None:
        from mnbench.report.budget import proposals

        pilot = arguments.pilot or Path("results", study.study)
        said.append(proposals(study, approaches, arguments.budget, pilot, source=source))
    print("\n\n".join(said))


def _check_files(arguments: Namespace, *, for_time: bool) -> None:
    """Check before anything is measured that what is written takes no other file's place."""
    if arguments.csv is not None and arguments.csv.suffix != ".csv":
        raise UserError(f"{arguments.csv}: --csv writes a CSV file; name one that ends in .csv")
    if arguments.out is None:
        return
    if not for_time:
        raise UserError("--out: is for what --budget proposes for a time; add --budget 8h, say")
    if arguments.csv is not None and arguments.csv.resolve() == arguments.out.resolve():
        raise UserError(f"{arguments.out}: --csv and --out name one file; name two")
    if arguments.out.exists():
        raise UserError(f"{arguments.out}: is there already; name another file, or delete it")


def _calibration(arguments: Namespace, plan: "Plan") -> tuple["Calibration | None", str]:
    """Return what is known of this machine, measured now if that is asked for; or why nothing is.

    What was measured under other conditions is no reason not to say what needs no machine.
    """
    from mnbench.timing.calibration import Machine, read_calibration, write_calibration

    if arguments.calibration is not None:
        elsewhere = read_calibration(arguments.calibration, None)
        if elsewhere is None:
            raise UserError(f"{arguments.calibration}: not found; make it there with --calibrate")
        if plan.device not in ("auto", elsewhere.machine.device):
            raise UserError(
                f"{arguments.calibration}: has seconds of device {elsewhere.machine.device}, and "
                f"the study's key 'device' is {plan.device}; name a calibration of that device"
            )
        return elsewhere, ""
    machine = Machine.here(plan.device)
    if arguments.calibrate:
        from mnbench.timing.measuring import calibrate

        calibration = calibrate(plan, machine)
        write_calibration(machine.file, calibration)
        return calibration, ""
    try:
        return read_calibration(machine.file, machine), _UNCALIBRATED
    except UserError as error:
        return None, str(error)


def _within(chooser: "Chooser", wish: Mapping[str, Any], arguments: Namespace) -> str:
    """Return the proposal for a time, and write it if that is asked for."""
    from mnbench.files import write_text
    from mnbench.timing.hours import duration
    from mnbench.timing.within import asked_as, fitting_configuration

    proposal = chooser.propose(arguments.budget)
    text = fitting_configuration(proposal, wish, asked_as(arguments.budget), chooser.source)
    if arguments.out is None:
        return text
    write_text(arguments.out, text)
    left, takes = len(proposal.left_out), duration(proposal.outlook.wall_seconds)
    return (
        f"{arguments.out}: {takes} of {asked_as(arguments.budget)}; "
        f"{f'{left} choices are left out, which it lists' if left else 'nothing is left out'}"
    )


COMMAND = Command(
    name="plan",
    summary="predict how many networks a study trains, and at what cost",
    description="Check a study's configuration and predict what each approach trains: the number "
    "of trainings, of networks, and their training TFLOPs. Snakemake's dry run prints the same "
    "table. On a calibrated machine also device-hours, disk and wall time. Nothing is trained but "
    "a few steps with --calibrate.",
    example="mnbench plan config/default.yaml",
    add_arguments=_add_arguments,
    run=_run,
)
