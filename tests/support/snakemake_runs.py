"""Snakemake as a user starts it, in a folder of a test's own."""

import subprocess
import sys
from pathlib import Path

import psutil

from mnbench.locks import holder
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD

ROOT = Path(__file__).parents[2]

# A study that trains in seconds; a test says its approaches, and what else it wants otherwise.
SMALL_STUDY = {
    "study": "tiny",
    "datasets": ["fashion_mnist"],
    "architecture_sets": ["v5-small"],
    "seeds": [0],
    "data": {"train_images": 300, "validation_images": 100},
    "recipe": {"epochs": 1},
    "device": "cpu",
}


def command(*options: str, config: str = "tiny.yaml") -> list[str]:
    """Return the command line that starts Snakemake on a configuration."""
    snakefile = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", config]
    return [sys.executable, "-m", "snakemake", *snakefile, "--cores", "2", *options]


def snakemake(
    folder: Path, *options: str, config: str = "tiny.yaml"
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder and return what it printed."""
    return subprocess.run(
        command(*options, config=config),
        cwd=folder,
        capture_output=True,
        text=True,
    )


def jobs_of(dry_run: str) -> dict[str, str]:
    """Return the number of jobs of each rule, as ``-n --quiet rules`` prints them."""
    rows = [line.split() for line in dry_run.splitlines()]
    counts = dict(row for row in rows if len(row) == 2 and row[1].isdigit())
    return {rule: count for rule, count in counts.items() if rule != "total"}


def kill_a_training(study: Path) -> bool:
    """Kill one process that trains for a study, and say whether there was any.

    A process holds its training's lock until after it has written the record. So it is stopped
    first, to see whether there is still something to lose.

    Args:
        study: the study's folder below ``results``.
    """
    paths = StudyPaths(study)
    for id in read_plan(paths.plan).trainings if paths.plan.exists() else ():
        number = holder(paths.lock(id)).split()[0]
        if not number.isdigit():
            continue
        try:
            job = psutil.Process(int(number))
            job.suspend()
        except psutil.NoSuchProcess:
            continue
        if not (paths.record(id) / RECORD).exists():
            job.kill()
            return True
        job.resume()
    return False
