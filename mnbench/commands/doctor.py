"""``mnbench doctor``: whether this checkout and machine can run studies, and what they would use.

Open this when the first command of a newcomer fails. The trap: it must work where much is broken,
so whatever may be missing is imported inside the checks.
"""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.checkout import find_checkout
from mnbench.commands.command import Command

ILL = 1  # the exit status, if there is a problem


def _add_arguments(parser: ArgumentParser) -> None:
    del parser  # it has no options


def _run(arguments: Namespace) -> None:
    del arguments
    from mnbench.doctor.diagnosis import PROBLEM, lines_of
    from mnbench.doctor.examination import examine
    from mnbench.doctor.torch_probe import TorchProbe

    checkout = find_checkout()
    diagnoses, use = examine(checkout, Path.cwd(), TorchProbe())
    print("\n".join([*lines_of(diagnoses), use]))
    if problems := sum(diagnosis.kind == PROBLEM for diagnosis in diagnoses):
        print(f"mnbench: {problems} problem{'s' * (problems != 1)}, see above", file=sys.stderr)
        sys.exit(ILL)


COMMAND = Command(
    name="doctor",
    summary="check this checkout and machine, and say what a run would use",
    description="Check Python, the packages, torch, the data sets, the disk, the processors and "
    "GPUs, a line each: ok, a note, or a problem with its remedy. The last line says what a run "
    "would use. Nothing is changed. The exit status is 1 if there is a problem.",
    example="mnbench doctor",
    add_arguments=_add_arguments,
    run=_run,
)
