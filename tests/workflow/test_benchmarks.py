"""The benchmarks: each runs alone, prints its table and writes what the pages are written from."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "settings", "line"),
    [
        ("bare_loop", ["--sets", "v5-small", "--images", "256"], "| v5-small, v13 |"),
        ("growth", ["--images", "128"], "| parameters |"),
        ("training_speed", ["--images", "256"], "| two jobs of one thread |"),
        ("warm_start", [], "| forked from a warm process |"),
        ("planning", ["--networks", "60"], "trainings of 60 networks | the plan |"),
    ],
)
def test_a_script_prints_a_table_and_writes_its_rows(tmp_path, script, settings, line):
    command = [sys.executable, ROOT / f"benchmarks/{script}.py", "--repeats", "1", *settings]
    run = subprocess.run(
        [*command, "--results", tmp_path], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert line in run.stdout
    rows, about = (pd.read_csv(tmp_path / f"{name}.csv") for name in (script, "about"))
    committed = pd.read_csv(ROOT / f"benchmarks/results/{script}.csv")
    assert list(rows.columns) == list(committed.columns)
    assert list(about["script"]) == [script]


@pytest.mark.slow
def test_tables_of_made_up_records_are_timed(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/evaluation.py", "--seeds", "1"]
    run = subprocess.run(
        [*command, "--results", tmp_path], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    (row,) = pd.read_csv(tmp_path / "evaluation.csv").to_dict("records")
    assert (row["records"], row["ensembles"]) == (74, 83)


@pytest.mark.slow
def test_the_study_beside_other_libraries_trains_with_the_pipelines_jobs(tmp_path):
    """The other side needs the peers, which are no part of the environment."""
    prepare = (
        "import sys, pathlib, peer_study as s; s.prepare_study(pathlib.Path(sys.argv[1]), 256, 1)"
    )
    for command in (["-c", prepare], ["peer_study.py", "snapshot_ensembles"]):
        run = subprocess.run(
            [sys.executable, *command, tmp_path],
            cwd=ROOT / "benchmarks",
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
    assert '{"images": 1280, "seconds": ' in run.stdout
