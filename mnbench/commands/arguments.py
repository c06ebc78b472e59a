"""Types and options that several commands share: each type turns text into a value or says why not.

Open this when an option is refused with a poor message. The trap: argparse shows the message of an
``ArgumentTypeError`` alone; of a ``ValueError`` it makes "invalid _function value".
"""

from argparse import Action, ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mnbench.architectures import ARCHITECTURE_SETS
from mnbench.datasets import DATASETS
from mnbench.planning.config import COST_AXES
from mnbench.planning.recipe import LARGEST_COUNT


def positive(text: str) -> int:
    """Read a whole number from 1."""
    if (number := _counted(text)) is None:
        raise ArgumentTypeError(f"must be a whole number from 1 to {LARGEST_COUNT:,}, got {text}")
    return number


def _counted(text: str) -> int | None:
    digits = len(str(LARGEST_COUNT))
    number = int(text) if text.isdecimal() and len(text) <= digits else 0
    return number if 1 <= number <= LARGEST_COUNT else None


def count(text: str) -> int | None:
    """Read a whole number from 1; None stands for "all"."""
    if text == "all":
        return None
    if (number := _counted(text)) is None:
        raise ArgumentTypeError(
            f"must be a whole number from 1 to {LARGEST_COUNT:,}, or 'all', got {text}"
        )
    return number


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"must be a number from 0 to 1, got {text}")
    return number


def add_plan(parser: ArgumentParser) -> None:
    """Add the plan of a study, which Snakemake writes."""
    parser.add_argument(
        "plan", type=Path, metavar="PLAN", help="the study's plan, results/STUDY/plan.json"
    )


def add_tables(parser: ArgumentParser) -> None:
    """Add the folder that `mnbench tables` has written."""
    parser.add_argument(
        "tables", type=Path, metavar="TABLES", help="the folder with the study's tables"
    )


def add_dataset(parser: ArgumentParser, help: str, *, required: bool) -> None:
    """Add the name of a data set as an option."""
    parser.add_argument(
        "--dataset", choices=tuple(DATASETS), metavar="NAME", required=required, help=help
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


def add_costs(parser: ArgumentParser, help: str) -> None:
    """Add one or more cost axes as an option."""
    parser.add_argument(
        "--costs",
        nargs="+",
        choices=COST_AXES,
        metavar="AXIS",
        required=True,
        help=f"{help}: {', '.join(COST_AXES)}",
    )


def complete(action: Action, completer: Callable[..., Iterable[Any]]) -> None:
    """Let the shell complete an argument: argcomplete looks for the attribute ``completer``."""
    action.completer = completer  # type: ignore[attr-defined]
