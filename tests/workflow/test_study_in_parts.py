"""A study that Snakemake runs in parts, by seeds: put together, and nothing trained twice."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.snakemake_runs import SMALL_STUDY, jobs_of, snakemake

from mnbench.cli import main
from mnbench.evaluation.tables.files import read_table
from mnbench.records.run_log import read_runs

pytestmark = pytest.mark.slow

SEEDS = {"part-1": [0], "part-2": [1], "whole": [0, 1]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with both parts' records and logs, and no record of the whole."""
    folder = tmp_path_factory.mktemp("parts")
    approaches = {"mothernets": {"g": [1], "hatched": {"epochs": 1}}}
    small = SMALL_STUDY | {"architecture_sets": ["v3-equal-small"], "approaches": approaches}
    for name, seeds in SEEDS.items():
        text = yaml.safe_dump(small | {"study": name, "seeds": seeds})
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for part in ("part-1", "part-2"):
        done = snakemake(folder, f"results/{part}/summary.csv", config=f"{part}.yaml")
        assert done.returncode == 0, done.stderr
    return folder


def test_tables_and_log_of_the_whole_are_made_of_the_parts(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    parts = ["results/part-1", "results/part-2"]
    out = ["--costs", "training_flops", "--out", "results/tables"]
    assert main(["tables", "whole.yaml", "--records", *parts, *out]) == 0
    assert capsys.readouterr().err == ""
    whole = read_table(Path("results/tables/summary.csv"))
    of_parts = [read_table(Path(part, "summary.csv")) for part in parts]
    assert sorted(whole["seed"].unique()) == [0, 1]
    for table in of_parts:
        own = whole[whole["seed"] == table["seed"].iloc[0]].reset_index(drop=True)
        assert own.equals(table)
    runs = read_runs(Path("results/tables/runs.csv"))
    assert [run.study for run in runs] == ["part-1", "part-2"]
    assert [run.trainings for run in runs] == [4, 4]


def test_snakemake_trains_nothing_of_what_lies_at_its_place(folder, tmp_path):
    shutil.copy(folder / "whole.yaml", tmp_path)
    target = tmp_path / "results/whole"
    target.mkdir(parents=True)
    for part in ("part-1", "part-2"):  # as docs/usage.md says
        records = folder / "results" / part / "records"
        subprocess.run(["cp", "-rlf", str(records), f"{target}/"], check=True)
    dry = snakemake(tmp_path, "-n", "--quiet", "rules", config="whole.yaml")
    assert dry.returncode == 0, dry.stderr
    jobs = jobs_of(dry.stdout)
    assert jobs["tables"] == "1" and "mothernets" not in jobs and "dataset" not in jobs
