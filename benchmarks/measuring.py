"""What the benchmarks share: ways that take turns, and results that are written and printed.

Open it to change how a pair is timed or where results go. The trap: on a busy machine a minute is
unlike the next, so that two ways must take turns, and a ratio be of two turns next to each other.
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from mnbench.errors import UserError
from mnbench.evaluation.tables.files import write_table
from mnbench.report.speed import ABOUT

RESULTS = Path(__file__).parent / "results"
Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """A way to do some work: its name, a function that does it, and how much it does.

    The function returns the seconds that it took.
    """

    name: str
    work: Callable[[], float]
    amount: float


def options(description: str, repeats: int = 0) -> argparse.ArgumentParser:
    """Return a parser of what every script takes; one that repeats nothing takes no *repeats*."""
    parser = argparse.ArgumentParser(description=description)
    if repeats:
        parser.add_argument(
            "--repeats", type=int, default=repeats, help="pairs (default: %(default)s)"
        )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="folder for the CSV (default: %(default)s)"
    )
    return parser


def take_turns(way: Way, against: Way, unit: str, repeats: int) -> Iterator[Row]:
    """Warm both ways up, then time them in turns; yield a row a pair.

    The one that begins a pair ends the next: neither always follows the other.
    """
    way.work()
    against.work()
    for repeat in range(repeats):
        order = (way, against) if repeat % 2 == 0 else (against, way)
        seconds = {which.name: which.work() for which in order}
        yield {
            "way": way.name,
            "against": against.name,
            "unit": unit,
            "repeat": repeat,
            "amount": way.amount,
            "seconds": round(seconds[way.name], 4),
            "against_amount": against.amount,
            "against_seconds": round(seconds[against.name], 4),
        }


def save(
    rows: Iterable[Row],
    table: Callable[[pd.DataFrame], str],
    folder: Path,
    pairs: str,
    *,
    keeping: tuple[str, ...] = (),
    timed: bool = True,
) -> None:
    """Measure, print the table, and write the script's CSV and its line of ``about.csv``.

    Args:
        rows: made as they are measured.
        table: from the rows to Markdown.
        folder: for both files.
        pairs: how often each way was timed, or what was measured, in words.
        keeping: columns by which rows of a former run are kept, unless this run has them too.
        timed: whether anything was timed now, so that it matters how busy the machine is.
    """
    script, load = Path(sys.argv[0]).stem, os.getloadavg()[0]
    measured = pd.DataFrame(rows)
    file = folder / f"{script}.csv"
    if keeping and file.exists():
        former = pd.read_csv(file, encoding="utf-8", keep_default_na=False)
        anew = (
            former[list(keeping)]
            .apply(tuple, axis=1)
            .isin(measured[list(keeping)].apply(tuple, axis=1))
        )
        measured = pd.concat([former[~anew], measured])
    write_table(measured, file)
    about = pd.DataFrame(
        [
            {
                "script": script,
                "date": date.today().isoformat(),
                "processor": processor(),
                "cores": os.cpu_count(),
                "torch": torch.__version__.split("+")[0],
                "pairs": pairs,
                "load": round(load, 1) if timed else None,
            }
        ]
    )
    with suppress(FileNotFoundError):
        former = pd.read_csv(folder / f"{ABOUT}.csv", encoding="utf-8")
        about = pd.concat([former[former["script"] != script], about]).sort_values("script")
    write_table(about, folder / f"{ABOUT}.csv")
    print(table(measured))


def processor() -> str:
    """Return the processor's name, as far as the system tells, and its vector instructions."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        said = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        name = said[1] if said else name
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def run(main: Callable[[], None]) -> None:
    """Run a script's main; neither an interruption nor a user's mistake prints a traceback."""
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, UserError) as error:
        sys.exit(str(error))
