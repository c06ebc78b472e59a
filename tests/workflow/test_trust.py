"""A study killed, damaged, copied or partly failed loses nothing, and says what it lacks.

Each test starts Snakemake on a copy of one small study, and asks for its tables alone.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from support.snakemake_runs import (
    SMALL_STUDY,
    command,
    jobs_of,
    kill_a_training,
    snakemake,
)

from mnbench.evaluation.tables.files import read_table
from mnbench.planning.plan import read_plan
from mnbench.records.record import PREDICTIONS, WEIGHTS
from mnbench.records.validity import standing

pytestmark = pytest.mark.slow

SMALL = SMALL_STUDY | {
    "approaches": {"full_data": None, "mothernets": {"g": [1], "hatched": {"epochs": 1}}}
}
TABLES = "results/tiny/summary.csv"
SET = "results/tiny/records/fashion_mnist/v5-small/seed0"
MEMBERS = 5


def write_config(folder: Path, **changes: object) -> None:
    (folder / "tiny.yaml").write_text(yaml.safe_dump(SMALL | changes), encoding="utf-8")


def planned(folder: Path, target: str = TABLES) -> dict[str, str]:
    """Return the number of jobs of each rule that a dry run shows."""
    done = snakemake(folder, target, "-n", "--quiet", "rules")
    assert done.returncode == 0, done.stderr
    return jobs_of(done.stdout)


def records(folder: Path) -> dict[Path, bytes]:
    """Return the weights and predictions of all records."""
    files = (folder / "results/tiny/records").rglob("*")
    return {
        file.relative_to(folder): file.read_bytes()
        for file in files
        if file.name in (WEIGHTS, PREDICTIONS)
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write_config(folder)
    done = snakemake(folder, TABLES)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copy(finished, tmp_path):
    """Return a copy of the study that has lost Snakemake's notes and every time stamp."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, ignore=shutil.ignore_patterns(".snakemake", "logs"))
    files = [file for file in folder.rglob("*") if file.is_file()]
    random.Random(0).shuffle(files)
    for second, file in enumerate(files):
        os.utime(file, (second, second))
    return folder


def start(folder: Path, *targets: str) -> subprocess.Popen:
    return subprocess.Popen(
        command(*(targets or [TABLES])),
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for minutes"
        time.sleep(0.02)


def test_a_copied_study_without_data_trains_only_what_is_new(copy):
    shutil.rmtree(copy / "results/tiny/data")
    assert planned(copy) == {}
    write_config(copy, approaches=SMALL["approaches"] | {"full_data": {"budgets": [1, 2]}})
    assert planned(copy) == {"dataset": "1", "full_data": str(MEMBERS), "tables": "1"}


def test_another_recipe_trains_again_even_where_snakemake_knows_nothing(copy):
    write_config(copy, approaches={"full_data": None}, recipe={"epochs": 1, "batch_size": 64})
    assert planned(copy) == {"full_data": str(MEMBERS), "tables": "1"}


def test_data_of_another_size_are_stored_again_even_where_snakemake_knows_nothing(copy):
    write_config(copy, data={"train_images": 400, "validation_images": 100})
    counts = planned(copy)
    assert counts == {"dataset": "1", "full_data": "5", "mothernets": "6", "tables": "1"}


def test_what_is_damaged_is_trained_again_and_nothing_else(copy, finished):
    before = records(finished)
    weights = copy / SET / "full_data/v13" / WEIGHTS
    content = weights.read_bytes()
    weights.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    mothernet = next(copy.glob(f"{SET}/mothernets/mothernet_*"))
    shutil.rmtree(mothernet)  # its members are there, and valid
    (copy / "results/tiny/evaluated.json").write_text("{")
    assert planned(copy) == {"full_data": "1", "mothernets": "1", "tables": "1"}
    done = snakemake(copy, TABLES)
    assert done.returncode == 0, done.stderr
    assert records(copy) == before
    assert planned(copy) == {}


@pytest.mark.parametrize("file", ["evaluated.json", "marks.csv"])
def test_tables_altered_or_of_other_records_are_made_again_without_a_time_stamp(copy, file):
    path = copy / "results/tiny" / file
    path.write_text("{}", encoding="utf-8")
    os.utime(path, (1, 1))
    assert planned(copy) == {"tables": "1"}


def test_the_same_bits_cold_in_another_order_without_the_other_approach(finished, tmp_path):
    """No warm process, each training by hand, the last one of the plan first."""
    write_config(tmp_path, approaches={"mothernets": SMALL["approaches"]["mothernets"]})
    planning = snakemake(tmp_path, "results/tiny/data/fashion_mnist/data.json")
    assert planning.returncode == 0, planning.stderr
    ids = list(read_plan(tmp_path / "results/tiny/plan.json").trainings)
    order = sorted(ids, key=lambda id: ("mothernet_" not in id.name, -ids.index(id)))
    for id in order:
        train = [sys.executable, "-m", "mnbench", "train", "results/tiny/plan.json", str(id)]
        subprocess.run(train, cwd=tmp_path, check=True, capture_output=True)
    ours, theirs = records(tmp_path), records(finished)
    assert len(ours) == 2 * (MEMBERS + 1)
    assert ours == {path: theirs[path] for path in ours}


def test_a_diverged_training_stops_is_recorded_and_named_and_the_rest_goes_on(copy):
    hatched = {"epochs": 4, "learning_rate": 1e6}
    write_config(copy, approaches={"full_data": None, "mothernets": {"g": [1], "hatched": hatched}})
    done = snakemake(copy, TABLES)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"{MEMBERS} of 11 trainings left no network" in done.stderr
    assert "lower key 'approaches.mothernets.hatched.learning_rate'" in done.stderr
    table = read_table(copy / TABLES)
    assert set(table["approach"]) == {"full_data"} and len(table) == MEMBERS
    missing = read_table(copy / "results/tiny/missing.csv")
    assert set(missing["approach"]) == {"mothernets"}
    assert missing["reason"].str.contains(r"the training diverged: epoch \d, step").all()
    assert planned(copy) == {}  # it would diverge again
    said = snakemake(copy, TABLES, "diverged")  # what plain `snakemake` asks for as well
    assert said.returncode == 1 and "diverged: epoch " in said.stderr
    write_config(copy)
    assert planned(copy) == {"mothernets": str(MEMBERS), "tables": "1"}


def test_a_killed_training_is_named_and_the_rest_is_evaluated_and_the_next_run_repairs(tmp_path):
    write_config(tmp_path, recipe={"epochs": 3})
    process = start(tmp_path)
    wait_for(lambda: list(tmp_path.glob(f"{SET}/full_data/*/record.json")))
    wait_for(lambda: kill_a_training(tmp_path / "results/tiny"))
    _, said = process.communicate()
    assert process.returncode == 1, said
    assert "was killed by signal 9" in said and "left no network" in said
    table = read_table(tmp_path / TABLES)
    assert 0 < len(table) < 2 * MEMBERS
    times = finished_in(tmp_path)
    done = snakemake(tmp_path, TABLES)
    assert done.returncode == 0, done.stderr
    assert len(read_table(tmp_path / TABLES)) == 2 * MEMBERS
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_pretrained_weights_are_looked_for_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    teacher = {"teacher": "timm:test_resnet.r160_in1k"}
    write_config(tmp_path, approaches={"knowledge_distillation": teacher})
    done = snakemake(tmp_path, TABLES)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("mnbench: ")]
    assert line.startswith("mnbench: tiny.yaml: network ") and "cannot be had (" in line
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("moment", [0.7, pytest.param(0.0, marks=pytest.mark.long)])
def test_when_snakemake_alone_is_killed_all_that_it_started_ends(tmp_path, finished, moment):
    write_config(tmp_path)
    process = start(tmp_path)
    wait_for(lambda: len(list(tmp_path.glob(f"{SET}/full_data/*/record.json"))))
    time.sleep(moment)
    kin = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    _, alive = psutil.wait_procs(kin, timeout=60)
    assert alive == []
    times = finished_in(tmp_path)
    again = snakemake(tmp_path, TABLES)  # without --unlock
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert records(tmp_path) == records(finished)


def finished_in(folder: Path) -> dict[Path, int]:
    """Return the weights of valid records with their times: a kill may leave weights alone."""
    plan, weights = read_plan(folder / "results/tiny/plan.json"), []
    for id, training in plan.trainings.items():
        if standing(record_of(folder, id), training).fault is None:
            weights.append(record_of(folder, id) / WEIGHTS)
    return {path: path.stat().st_mtime_ns for path in weights}


def record_of(folder: Path, id: object) -> Path:
    return folder / "results/tiny/records" / str(id)


def test_a_second_run_of_a_study_names_the_first_and_stops(tmp_path, finished):
    write_config(tmp_path)
    process = start(tmp_path)
    wait_for((tmp_path / "results/tiny/plan.json").exists)
    second = snakemake(tmp_path, TABLES)
    assert second.returncode == 1
    first = f"process {process.pid} on {socket.gethostname()}"
    assert f"study 'tiny' is being run by {first}; wait for it" in second.stderr
    process.communicate()
    assert process.returncode == 0
    assert records(tmp_path) == records(finished)


def test_a_temporary_folder_with_a_long_name_costs_the_warm_start_only(tmp_path):
    write_config(tmp_path, approaches={"single_network": None})
    long = tmp_path / ("x" * 98)
    long.mkdir()
    done = subprocess.run(
        command(TABLES),
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(long)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trainings start cold") == 1
