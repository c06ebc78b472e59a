"""A study on a real Slurm of one node: its jobs, what is killed and requeued, and the same bits."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from support.fault_study import bits, finished, plan_of, repeated_epochs
from support.slurm_node import SlurmNode, missing_programs, running
from support.snakemake_runs import ROOT, SMALL_STUDY, kill_a_training, snakemake

from mnbench.records.paths import StudyPaths
from mnbench.records.record import read_record
from mnbench.records.validity import standing
from mnbench.training.begun import BEGUN

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        bool(missing_programs()),
        reason="Slurm is missing; as root: python tests/support/slurm_node.py --install",
    ),
    pytest.mark.skipif(os.getuid() != 0, reason="only root can start Slurm's daemons"),
    pytest.mark.skipif(
        importlib.util.find_spec("snakemake_executor_plugin_slurm") is None,
        reason="Snakemake's executor is missing: pip install -e '.[slurm]'",
    ),
]

STUDY = SMALL_STUDY | {
    "recipe": {"epochs": 30, "batch_size": 50},
    "costs": ["training_flops"],
    "device": "auto",  # asks for a GPU; the pretended ones train nothing
    "approaches": {"full_data": None, "mothernets": {"g": [1], "hatched": {"epochs": 10}}},
}
TABLES = "results/tiny/summary.csv"
LONGEST_MINUTES = 20
TRAININGS = ("full_data", "mothernets", "short_trainings")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmNode]:
    with running(tmp_path_factory.mktemp("slurm")) as node:
        yield node


def begin(node: SlurmNode, folder: Path, study: dict, *options: str) -> subprocess.Popen[bytes]:
    """Start a study by the profile, as a user of this node would."""
    (folder / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", "tiny.yaml", "--workflow-profile", str(ROOT / "profiles/slurm")]
    # The node has no accounting.
    command += ["--slurm-no-account", "--slurm-status-command", "squeue"]
    command += ["--slurm-init-seconds-before-status-checks", "5"]
    with (folder / "said.txt").open("wb") as said:
        return subprocess.Popen(
            [*command, TABLES, *options],
            cwd=folder,
            env=node.environment,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def ends_well(process: subprocess.Popen[bytes], folder: Path, seconds: float) -> None:
    status = process.wait(timeout=seconds)
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert status == 0, said
    assert "Traceback" not in said, said


def wait_until(condition: Callable[[], object], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.1)


def trains(job: dict[str, str]) -> bool:
    return any(word in job["Comment"] for word in TRAININGS)


def minutes(limit: str) -> float:
    """Return a job's time limit, which Slurm writes as hours:minutes:seconds."""
    hours, minutes, seconds = map(int, limit.split(":"))
    return hours * 60 + minutes + seconds / 60


def of_trainings(node: SlurmNode, state: str) -> list[str]:
    """Return the Slurm jobs of trainings that are in a state."""
    return [id for id, now in node.jobs().items() if now == state and trains(node.job(id))]


def is_training(paths: StudyPaths) -> bool:
    """Return whether some training has begun a batch and left no record yet."""
    return any((paths.root / "checkpoints").rglob(f"*{BEGUN}"))


def test_a_study_ends_with_the_bits_of_a_local_run_whatever_becomes_of_its_jobs(node, tmp_path):
    here, local = tmp_path / "slurm", tmp_path / "local"
    for folder in (here, local):
        folder.mkdir()
    (local / "tiny.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    assert snakemake(local, TABLES).returncode == 0
    paths, reference = (StudyPaths(folder / "results/tiny") for folder in (here, local))

    limits = ["gpu=1", "figure=1", f"longest_minutes={LONGEST_MINUTES}"]
    options = ["--group-components", "short_trainings=2", "--resources", *limits]
    process = begin(node, here, STUDY, *options)
    wait_until(lambda: is_training(paths) and of_trainings(node, "RUNNING"))
    cancelled = of_trainings(node, "RUNNING")[0]
    node.ask("scancel", cancelled)
    wait_until(lambda: set(of_trainings(node, "RUNNING")) - {cancelled} and is_training(paths))
    requeued = (set(of_trainings(node, "RUNNING")) - {cancelled}).pop()
    node.ask("scontrol", "requeue", requeued)
    ends_well(process, here, 900)

    plan = plan_of(reference)
    assert bits(paths, plan) == bits(reference, plan)
    assert max(repeated_epochs(paths, plan).values()) <= 1
    jobs = node.jobs()
    assert jobs[cancelled] == "CANCELLED"
    assert (jobs[requeued], node.job(requeued)["Restarts"]) == ("COMPLETED", "1")
    given = node.given_gpus()
    for id, job in zip(jobs, map(node.job, jobs), strict=True):
        assert job.get("TresPerJob") == ("gres:gpu:1" if trains(job) else None)
        assert given[id] in (("0", "1") if trains(job) else ("",))
        # One or two trainings of six minutes each, and of ten after a failure.
        assert not trains(job) or minutes(job["TimeLimit"]) in (6, 12, 10, LONGEST_MINUTES)
    assert {given[id] for id in of_trainings(node, "COMPLETED")} == {"0", "1"}


def test_a_training_near_the_end_of_its_time_saves_and_goes_on(node, tmp_path):
    study = STUDY | {
        "data": {"train_images": 12_000, "validation_images": 1000},
        "recipe": {"epochs": 30, "batch_size": 128},
        "approaches": {"full_data": None},
    }
    options = ["--set-resources", "full_data:runtime=2*attempt", "--default-resources"]
    options += ["mem_mb=1000", "runtime=10", "slurm_extra=\"'--signal=TERM@60'\""]
    process = begin(node, tmp_path, study, *options, "--group-components", "short_trainings=1")
    ends_well(process, tmp_path, 1500)
    paths = StudyPaths(tmp_path / "results/tiny")
    costs = [read_record(paths.record(id)).cost for id in plan_of(paths).trainings]
    logs = (tmp_path / ".snakemake/slurm_logs").rglob("*.log")  # kept of jobs that failed
    assert any("stopped by SIGTERM in epoch" in log.read_text(encoding="utf-8") for log in logs)
    assert {cost.repeated_examples for cost in costs} == {0}


def test_a_killed_training_is_tried_again_and_what_had_finished_before_is_not(node, tmp_path):
    """Of a job that fails Snakemake removes the record.json of all its trainings."""
    study = STUDY | {"approaches": {"full_data": None}}
    process = begin(node, tmp_path, study, "--group-components", "short_trainings=5")
    paths = StudyPaths(tmp_path / "results/tiny")
    wait_until(paths.plan.exists)
    plan = plan_of(paths)
    wait_until(lambda: finished(paths, plan))
    before = finished(paths, plan)
    wait_until(lambda: kill_a_training(paths.root))
    ends_well(process, tmp_path, 900)
    after = finished(paths, plan)
    assert {id: after[id] for id in before} == before  # the times of their weights
    assert len(after) == len(plan.trainings) > len(before)
    assert {standing(paths.record(id), plan.trainings[id]).lost for id in after} == {None}
    assert max(repeated_epochs(paths, plan).values()) <= 1
    jobs = map(node.job, sorted(node.jobs(), key=int))
    states = [job["JobState"] for job in jobs if trains(job)]
    assert states[-2:] == ["FAILED", "COMPLETED"]
