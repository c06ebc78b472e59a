"""What the commands do, and how they end."""

import json
from pathlib import Path

import pytest
import yaml
from support.command_line import mistake, status_of
from support.tiny import DATASET, config, id_of, plan_of

from mnbench.architectures import ARCHITECTURE_SETS, load_architectures, set_title
from mnbench.cli import main
from mnbench.datasets.prepared import DATA_FILES
from mnbench.errors import UserError
from mnbench.planning.forecast import overview
from mnbench.records.record import FILES, PREDICTIONS, WEIGHTS, read_record

ROOT = Path(__file__).parents[3]


def test_plan_prints_what_the_dry_run_prints_and_the_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where this machine was not measured
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    assert status_of("plan", file) == 0
    said, rows, hours = capsys.readouterr().out.rstrip("\n").split("\n\n")
    table, disk = said.rsplit("\n", 1)
    assert "--calibrate" in hours
    assert table == overview(plan_of(config()))
    assert disk == "disk: at most 0.3 GB"
    assert rows.startswith("ensemble ") and "mothernets g=1 " in rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("study: [", "line 1: not valid YAML: expected"),
        ("", "the configuration must be a mapping"),
        (yaml.safe_dump(config() | {"approaches": {"baging": None}}), "did you mean 'bagging'?"),
        (yaml.safe_dump(config() | {"seds": [0]}), "did you mean 'seeds'?"),
    ],
)
def test_plan_refuses_a_wrong_configuration_in_one_line(content, said, tmp_path, capsys):
    file = tmp_path / "tiny.yaml"
    file.write_text(content)
    line = mistake(capsys, "plan", file)
    assert line.startswith(f"mnbench: {file}: ") and said in line


def test_train_finds_the_approach_from_the_id(study, trained, monkeypatch):
    monkeypatch.delenv("MNBENCH_QUIET", raising=False)
    id = id_of(study, "bagging/v13")
    for file in FILES:
        (study.record(id) / file).unlink()
    log = study.root / "logs" / "v13.log"
    assert status_of("train", study.plan, id, "--log", log) == 0
    assert read_record(study.record(id)).approach == "bagging"
    for file in (WEIGHTS, PREDICTIONS):
        assert (study.record(id) / file).read_bytes() == (trained.record(id) / file).read_bytes()
    assert "done: " in log.read_text(encoding="utf-8")


def test_train_names_the_nearest_id(prepared, capsys):
    id = str(id_of(prepared, "bagging/v13"))
    line = mistake(capsys, "train", prepared.plan, id.replace("bagging", "baging"))
    assert f"did you mean '{id}'?" in line


def test_dataset_writes_both_parts_and_what_they_are(prepared, tmp_path):
    options = ["--train-images", "100", "--validation-images", "50", "--out", tmp_path]
    assert status_of("dataset", DATASET, prepared.plan, *options) == 0
    assert {file.name for file in tmp_path.iterdir()} == {*DATA_FILES}


def test_preview_takes_the_minimum_g_by_its_present_and_its_former_name(capsys):
    shown = []
    for g in ("minimum", "least"):
        assert status_of("preview", "--architecture-set", "v5-small", "--g", g) == 0
        shown.append(capsys.readouterr().out)
    title, clusters, *_ = shown[0].splitlines()
    assert shown[0] == shown[1] and clusters.startswith("1 cluster (at least 1)")
    assert title == f"v5-small: {set_title('v5-small')}"


def test_sets_lists_every_architecture_set_with_what_it_is(capsys):
    assert status_of("sets") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ARCHITECTURE_SETS)
    for name, line in zip(ARCHITECTURE_SETS, lines, strict=True):
        assert line.endswith(f"{len(load_architectures(name))} networks  {set_title(name)}")


def test_a_profile_says_what_was_trained_where_its_time_went_and_how_fast_it_was(
    capsys, monkeypatch
):
    monkeypatch.chdir(ROOT)
    assert status_of("profile", "config/tiny.yaml", "--network", "v13", "--steps", "2") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("v13 on fashion_mnist: 2 steps of 64 images, float32 (ieee), ")
    for begins in ("convolution, backward", "optimiser", "images a second", "share of the peak"):
        assert any(line.startswith(begins) for line in lines), begins


def test_preview_writes_json_for_programs(capsys):
    assert status_of("preview", "--architecture-set", "v5-small", "--g", "all", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["g"] == len(shown["clusters"]) == 5


def test_a_bug_is_not_mistaken_for_a_users_mistake(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("mnbench.planning.planner.make_plan", broken)
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    with pytest.raises(ZeroDivisionError):
        main(["plan", str(file)])


@pytest.mark.parametrize(("error", "status"), [(UserError("no"), 2), (KeyboardInterrupt(), 130)])
def test_a_mistake_exits_with_2_and_an_interruption_with_130(error, status, monkeypatch, tmp_path):
    def ended(*_, **__):
        raise error

    monkeypatch.setattr("mnbench.planning.planner.make_plan", ended)
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(config()))
    assert status_of("plan", file) == status
