"""A study of every approach to inject faults into, and what must hold after each of them."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil
import yaml
from support.snakemake_runs import SMALL_STUDY, command, snakemake

from mnbench.evaluation.tables.files import read_table
from mnbench.files import sha256
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.record import PREDICTIONS, WEIGHTS, read_record
from mnbench.records.validity import standing

IMAGES, EPOCHS = 300, 3
STUDY = SMALL_STUDY | {
    "recipe": {"epochs": EPOCHS, "batch_size": 100},
    "costs": ["training_flops"],
    "approaches": {
        "full_data": None,
        "bagging": None,
        "knowledge_distillation": None,
        "treenets": {"sizes": [5]},
        "snapshot_ensembles": {"epochs_per_cycle": 2},
        "mothernets": {"g": [1], "hatched": {"epochs": 2}},
        "single_network": {"budgets": [1]},
    },
}
SAID = "said.txt"
TABLES = "results/tiny/summary.csv"
# Of the tables, all that is no measured time and no work that a fault made necessary again.
MEASURED = r"seconds|share|repeated|peak_memory|timed|cost_to_reach|speed_up"


def lay_out(folder: Path) -> StudyPaths:
    """Write the study's configuration into a folder; return where its results will be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    return StudyPaths(folder / "results/tiny")


def begin(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start the README's one command in a session of its own; it writes what it says to a file."""
    with (folder / SAID).open("wb") as said:
        return subprocess.Popen(
            command(*options),
            cwd=folder,
            start_new_session=True,
            stdout=said,
            stderr=said,
        )


def finish(folder: Path, *targets: str) -> str:
    """Run the README's one command to its end, and return what it said.

    No unlocking, no cleaning: whatever a fault has left, this is all that a user does. Figures
    take most of the time and depend on the tables alone, so some tests ask for the tables.
    """
    done = snakemake(folder, *targets)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def plan_of(paths: StudyPaths) -> Plan:
    """Return the plan that the study's first run has written."""
    return read_plan(paths.plan)


def finished(paths: StudyPaths, plan: Plan) -> dict[TrainingId, int]:
    """Return the trainings whose records are there and valid, each with its weights' time."""
    return {
        id: (paths.record(id) / WEIGHTS).stat().st_mtime_ns
        for id, training in plan.trainings.items()
        if standing(paths.record(id), training).fault is None
    }


def bits(paths: StudyPaths, plan: Plan) -> dict[str, str]:
    """Return the checksums of all weights and predictions."""
    return {
        f"{id}/{file}": sha256(paths.record(id) / file)
        for id in plan.trainings
        for file in (WEIGHTS, PREDICTIONS)
    }


def repeated_epochs(paths: StudyPaths, plan: Plan) -> dict[TrainingId, float]:
    """Return how many epochs each training has done again."""
    return {
        id: read_record(paths.record(id)).cost.repeated_examples / IMAGES for id in plan.trainings
    }


def assert_as_if_nothing_had_happened(paths: StudyPaths, reference: StudyPaths) -> None:
    """Compare a study with an undisturbed one: the same bits and tables, and nothing left over."""
    plan = plan_of(reference)
    assert bits(paths, plan) == bits(reference, plan)
    for table in sorted(reference.root.glob("*.csv")):
        ours, theirs = (
            data.loc[:, ~data.columns.str.contains(MEASURED)]
            for data in (read_table(paths.root / table.name), read_table(table))
        )
        assert ours.equals(theirs), table.name
    left = [path for path in (paths.root / "checkpoints").rglob("*") if path.is_file()]
    left += [path for path in paths.root.rglob("*") if ".partial" in path.name]
    left += [path for path in paths.root.rglob(".*") if path.name != ".snakemake_timestamp"]
    assert left == []
    assert processes_in(paths.root.parents[1]) == []


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return the processes that run in a folder, this one apart."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()) == folder and process.pid != os.getpid()
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            continue
    return found


def wait_for_end(processes: Iterable[psutil.Process]) -> None:
    """Wait until processes have ended, and fail if one goes on."""
    _, alive = psutil.wait_procs(list(processes), timeout=120)
    assert alive == [], "left running: " + "; ".join(" ".join(one.cmdline()) for one in alive)
