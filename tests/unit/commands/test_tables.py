"""`mnbench tables` puts a study together from the folders of its parts."""

import shutil
from pathlib import Path

import pytest
import yaml
from support.tiny import DATASET, config

from mnbench.cli import main
from mnbench.evaluation.tables.files import read_table
from mnbench.planning.plan import read_plan


@pytest.fixture
def parts(trained, tmp_path: Path, monkeypatch) -> list[str]:
    """Return two studies' folders that have the records of config/whole.yaml between them."""
    monkeypatch.chdir(tmp_path)
    whole = yaml.safe_dump(config() | {"study": "whole"})
    Path("whole.yaml").write_text(whole, encoding="utf-8")
    for id in read_plan(trained.plan).trainings:
        part = "part-1" if id.approach in ("full_data", "mothernets") else "part-2"
        shutil.copytree(trained.record(id), Path("results", part, "records", id))
    return ["results/part-1", "results/part-2"]


def tables(*arguments: str) -> int:
    return main(["tables", *arguments, "--costs", "training_flops", "--out", "results/whole"])


def test_tables_of_parts_are_drawn_like_any_others(parts, trained, capsys):
    assert tables("whole.yaml", "--records", *parts) == 0
    assert capsys.readouterr().err == ""
    summary = read_table(Path("results/whole/summary.csv"))
    plan = read_plan(Path("results/whole/plan.json"))
    assert (plan.study, plan.ensembles) == ("whole", read_plan(trained.plan).ensembles)
    assert len(summary) == len(plan.ensembles)
    place = ["results/whole/plan.json", "results/whole", "--dataset", DATASET]
    networks = ["--architecture-set", "v5-small", "--costs", "training_flops"]
    assert main(["figure", "pareto", *place, *networks, "--out", "figures"]) == 0
    assert Path("figures/pareto_training_flops.png").is_file()


def test_a_part_that_is_not_named_is_missing(parts, capsys):
    assert tables("whole.yaml", "--records", parts[0]) == 0
    said = capsys.readouterr().err
    assert said.startswith("mnbench: missing from the tables: results/part-1/records: ")
    assert "trainings have no record yet" in said and len(said.splitlines()) == 1


def test_the_plan_of_another_study_is_not_overwritten(parts, trained, capsys):
    Path("results/whole").mkdir()
    shutil.copy(trained.plan, "results/whole/plan.json")
    assert tables("whole.yaml", "--records", *parts) == 2
    said = capsys.readouterr().err
    assert "results/whole/plan.json: is the plan of study 'tiny', not of 'whole'" in said
    assert Path("results/whole/plan.json").read_bytes() == trained.plan.read_bytes()


def test_a_configuration_alone_has_its_own_records(parts, capsys):
    Path("results/part-1").rename("results/whole")
    assert tables("whole.yaml") == 0
    assert "results/whole/records: " in capsys.readouterr().err


def test_records_in_no_folder_are_one_line(parts, capsys):
    assert tables("whole.yaml", "--records", parts[0], "results/part-3") == 2
    assert capsys.readouterr().err.startswith("mnbench: results/part-3: is no folder; name a")
