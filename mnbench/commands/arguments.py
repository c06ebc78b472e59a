"""Types and options that several commands share: each type turns text into a value or says why not.

Open this when an option is refused with a poor message. The trap: argparse shows the message of an
``ArgumentTypeError`` alone; of a ``ValueError`` it makes "invalid _function value".
"""

import os
import re
import stat
from argparse import Action, ArgumentError, ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from mnbench.architectures import ARCHITECTURE_SETS
from mnbench.datasets import EVALUATION_SETS
from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError
from mnbench.files import why_no_folder
from mnbench.planning.config import COST_AXES
from mnbench.planning.plan import Plan
from mnbench.planning.recipe import LARGEST_COUNT

FROM_0, FROM_1 = (f"a whole number from {least} to {LARGEST_COUNT:,}" for least in (0, 1))

MOST_STEPS = 10_000
_TIMES = {"m": "minutes", "h": "hours", "d": "days"}
_FLOPS = {None: 0, "G": 9, "T": 12, "P": 15}  # exponents of units


def whole_number(text: str) -> int | None:
    """Return the whole number from 0 to a thousand million that a text is, or None."""
    # Not int(): it takes the digits of every script, and refuses thousands of them.
    number = int(text) if re.fullmatch(r"[0-9]{1,10}", text) else None
    return number if number is not None and number <= LARGEST_COUNT else None


def positive(text: str) -> int:
    """Read a whole number from 1."""
    if not (number := whole_number(text)):
        raise ArgumentTypeError(f"must be {FROM_1}, got '{text}'")
    return number


def whole(text: str) -> int:
    """Read a whole number from 0."""
    if (number := whole_number(text)) is None:
        raise ArgumentTypeError(f"must be {FROM_0}, got '{text}'")
    return number


def steps_to_profile(text: str) -> int:
    """Read a whole number from 1 to :data:`MOST_STEPS`: every operation of a step is kept."""
    number = whole_number(text)
    if not number or number > MOST_STEPS:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST_STEPS:,}, got '{text}'")
    return number


def count(text: str) -> int | None:
    """Read a whole number from 1; None stands for "all"."""
    if text == "all":
        return None
    if not (number := whole_number(text)):
        raise ArgumentTypeError(f"must be {FROM_1}, or 'all', got '{text}'")
    return number


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"must be a number from 0 to 1, got '{text}'")
    return number


def percentage_points(text: str) -> float:
    """Read a number above 0 and up to 100."""
    # Not float() alone: it takes the digits of every script.
    number = float(text) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{0,9})?|\.[0-9]{1,9}", text) else 0.0
    if not 0 < number <= 100:
        raise ArgumentTypeError(f"must be a number above 0 and up to 100, got '{text}'")
    return number


def flops(text: str) -> float:
    """Read a number of floating-point operations: 1.2e12, 1.2T or 500G."""
    # Not float() alone: it takes the digits of every script, and "nan".
    read = re.fullmatch(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)(?:[eE]\+?([0-9]{1,2})|([GTP]))?", text)
    number, exponent, unit = read.groups() if read else ("0", None, None)
    value = float(f"{number}e{exponent or _FLOPS[unit]}")
    if value < 1:
        raise ArgumentTypeError(f"must be training FLOPs, as 1.2e12, 1.2T or 500G, got '{text}'")
    return value


def time_or_flops(text: str) -> timedelta | float:
    """Read a wall time, as 8h, 90m or 2d, or else a number of floating-point operations."""
    # Not float() alone: it takes the digits of every script.
    read = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)([mhd])", text)
    if not read:
        try:
            return flops(text)
        except ArgumentTypeError:
            raise ArgumentTypeError(
                "must be a time, as 8h, 90m or 2d, or training FLOPs, as 1.2e12, 1.2T or 500G, "
                f"got '{text}'"
            ) from None
    time = timedelta(**{_TIMES[read[2]]: float(read[1])})
    if not time:
        raise ArgumentTypeError(f"must be more than no time, got '{text}'")
    return time


def text_that_names(text: str) -> str:
    """Read a name that is not empty: a shell makes nothing of a variable that is not set."""
    if not text.strip():
        raise ArgumentTypeError(f"must be a name, got '{text}'")
    return text


def path_to_read(text: str) -> Path:
    """Read the path of a file or folder; whoever reads it says whether it is there."""
    path = Path(text_that_names(text))
    try:
        mode = path.stat().st_mode
    except OSError:
        return path
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):  # some never end
        raise ArgumentTypeError(f"'{path}' is a device; name a file or folder")
    return path


def folder_to_write(text: str) -> Path:
    """Read the path of a folder that files can be written to; it need not be there yet."""
    path = Path(text_that_names(text))
    if why := why_no_folder(path):
        raise ArgumentTypeError(f"{why}; name another folder")
    return path


def file_to_write(text: str) -> Path:
    """Read the path of a file that can be written; its folder need not be there yet."""
    path = Path(text_that_names(text))
    folder_to_write(str(path.parent))
    try:
        if path.is_dir():
            raise ArgumentTypeError(f"'{path}' is a folder; name a file")
        path.stat()
        if not (path.is_file() and os.access(path, os.W_OK)):
            raise ArgumentTypeError(f"'{path}' is not yours to write to; name another file")
    except FileNotFoundError:
        return path
    except OSError as error:
        raise ArgumentTypeError(f"'{path}': {error.strerror}; name another file") from None
    return path


def add_plan(parser: ArgumentParser) -> None:
    """Add the plan of a study, which Snakemake writes."""
    parser.add_argument(
        "plan", type=path_to_read, metavar="PLAN", help="the study's plan, results/STUDY/plan.json"
    )


def add_tables(parser: ArgumentParser) -> None:
    """Add the folder that `mnbench tables` has written."""
    parser.add_argument(
        "tables", type=path_to_read, metavar="TABLES", help="the folder with the study's tables"
    )


def add_architecture_set(parser: ArgumentParser) -> None:
    """Add the name of an architecture set as an option."""
    action = parser.add_argument(
        "--architecture-set",
        metavar="NAME",
        required=True,
        help="a named list of architectures: v5-small, say",
    )
    complete(action, lambda **_: ARCHITECTURE_SETS)


class _Distinct(Action):
    """Takes several values, none of them twice."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None
    ) -> None:
        if len(set(values)) < len(values):
            raise ArgumentError(self, f"{' '.join(values)}: names one twice; name each once")
        setattr(namespace, self.dest, values)


def add_costs(parser: ArgumentParser, help: str) -> None:
    """Add one or more cost axes as an option."""
    parser.add_argument(
        "--costs",
        action=_Distinct,
        nargs="+",
        choices=COST_AXES,
        metavar="AXIS",
        required=True,
        help=f"{help}: {', '.join(COST_AXES)}",
    )


def add_evaluation_set(parser: ArgumentParser) -> None:
    """Add the set that ensembles are evaluated on as an option."""
    parser.add_argument(
        "--on",
        choices=EVALUATION_SETS,
        metavar="SET",
        default=TEST_SET,
        help="evaluate on the images of this set: test, or development, on which to choose methods "
        "(default: test)",
    )


def check_evaluation_set(plan: Plan, file: Path, name: str) -> None:
    """Check that the records of a plan predict the images of a set.

    Raises:
        UserError: they do not.
    """
    if name not in plan.evaluation_sets:
        raise UserError(
            f"{file}: study '{plan.study}' has no {name} images; set data.{name}_images and run "
            f"it again, or leave --on {name} out"
        )


def complete(action: Action, completer: Callable[..., Iterable[Any]]) -> None:
    """Let the shell complete an argument: argcomplete looks for the attribute ``completer``."""
    action.completer = completer  # type: ignore[attr-defined]
