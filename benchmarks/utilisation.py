"""Say where the cores' time went in a study that Snakemake has run: training, and the rest.

    snakemake --cores 2 --configfile config/tiny.yaml
    python benchmarks/utilisation.py               # of the last run in this folder

Nothing is run or timed again: Snakemake leaves a log of the run and the start and end of each job
below `.snakemake`, and a record has the seconds of its training. Wall time times cores is divided
among the lines of the table, and they add up to it. A training that was interrupted and resumed
counts here for no longer than its last job took. Snakemake's log begins once Python has imported
it, about a second after the command.
"""

import base64
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from measuring import options, save
from measuring import run as start

from mnbench.records.record import RECORD
from mnbench.report.speed import lines_table

ALL_CORES = ("tables",)  # rules that share their work among all cores


@dataclass(frozen=True)
class Job:
    """A job of a run: its rule, when it ran in seconds since 1970, and what it trained for."""

    rule: str
    start: float
    end: float
    training_seconds: float | None = None  # None: it trains nothing


@dataclass(frozen=True)
class Run:
    """A run of Snakemake and its jobs."""

    start: float
    end: float
    cores: int
    jobs: tuple[Job, ...]

    @property
    def trainings(self) -> list[Job]:
        """The jobs that train."""
        return [job for job in self.jobs if job.training_seconds is not None]


def main() -> None:
    """Print the table."""
    parser = options("Say where a finished study's time went.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(), help="where Snakemake ran")
    parser.add_argument("--log", type=Path, help="of the run (default: the last that trained)")
    arguments = parser.parse_args()
    logs = sorted(arguments.folder.glob(".snakemake/log/*.snakemake.log"), reverse=True)
    runs = (read_run(arguments.folder, log) for log in ([arguments.log] if arguments.log else logs))
    run = next((run for run in runs if run and run.trainings), None)
    if run is None:
        sys.exit(f"{arguments.folder}: no run of Snakemake here has trained anything")
    parts = divide(run)
    whole = (run.end - run.start) * run.cores
    rows = [
        {
            "what": name,
            "core_seconds": round(seconds, 1),
            "percent": round(100 * seconds / whole, 1),
        }
        for name, seconds in parts.items()
    ]
    said = f"{run.cores} cores for {run.end - run.start:,.1f} s, {len(run.trainings)} trainings"
    save(rows, lines_table, arguments.results, said, timed=False)


def read_run(folder: Path, log: Path) -> Run | None:
    """Return the run that a log is of, or None if it started no job."""
    if not (cores := re.search(r"^Provided cores: (\d+)", log.read_text(encoding="utf-8"), re.M)):
        return None
    start = datetime.strptime(log.name.split(".snakemake")[0], "%Y-%m-%dT%H%M%S.%f").timestamp()
    end = log.stat().st_mtime
    jobs = {
        (job.rule, job.start): job
        for job in read_jobs(folder)
        if start <= job.start < job.end <= end
    }
    return Run(start, end, int(cores[1]), tuple(jobs.values()))


def read_jobs(folder: Path) -> Iterator[Job]:
    """Yield a job for each file that Snakemake has noted; a job of several files comes often."""
    notes = folder / ".snakemake/metadata"
    for file in filter(Path.is_file, notes.rglob("*")):
        note = json.loads(file.read_text(encoding="utf-8"))
        if note["starttime"] is None or note["endtime"] is None:
            continue
        # A long name is divided among folders, each marked by "@".
        name = "".join(part.removeprefix("@") for part in file.relative_to(notes).parts)
        made = folder / base64.b64decode(name).decode()
        seconds = None
        if made.name == RECORD and made.is_file():
            record = json.loads(made.read_text(encoding="utf-8"))
            # A training that failed has no cost.
            seconds = record.get("cost", {}).get("device_seconds", 0.0)
            seconds = min(seconds, note["endtime"] - note["starttime"])
        yield Job(note["rule"], note["starttime"], note["endtime"], seconds)


def divide(run: Run) -> dict[str, float]:
    """Divide a run's core-seconds among training, the jobs' other work, and idle cores."""
    trainings = run.trainings
    first, last = min(job.start for job in trainings), max(job.end for job in trainings)
    final = max(job.start for job in trainings)  # after it no training is left to start
    own = sum(job.training_seconds or 0 for job in trainings)
    busy = {
        "other work of training jobs: start, evaluation, prediction": -own,
        "other jobs: data, tables, figures, pages": 0.0,
    }
    of_trainings, of_others = busy
    idle = {
        "idle: Snakemake's start, and data": 0.0,
        "idle: between trainings": 0.0,
        "idle: the last trainings": 0.0,
        "idle: tables, figures, pages and the end": 0.0,
    }
    ends = [first, final, last, run.end]
    changes = {time for job in run.jobs for time in (job.start, job.end)}
    for begin, end in pairwise(sorted({run.start, *ends, *changes})):
        running = [job for job in run.jobs if job.start <= begin and end <= job.end]
        free = run.cores
        for job in running:
            taken = min(free, run.cores if job.rule in ALL_CORES else 1)
            free -= taken
            kind = of_others if job.training_seconds is None else of_trainings
            busy[kind] += taken * (end - begin)
        period = next(name for name, limit in zip(idle, ends, strict=True) if end <= limit)
        idle[period] += free * (end - begin)
    return {"training": own} | busy | idle


if __name__ == "__main__":
    start(main)
