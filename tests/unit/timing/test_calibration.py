"""A calibration's file, and what `mnbench plan` makes of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from support.clockwork import calibrated
from support.tiny import config, plan_of

from mnbench.cli import main
from mnbench.errors import UserError
from mnbench.timing.calibration import Machine, read_calibration, write_calibration
from mnbench.training.gpus import Gpu

FILE = Path("results/.cache/calibration-cpu.json")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with a study and a calibration of it on this machine."""
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(yaml.safe_dump(config()), encoding="utf-8")
    calibration = replace(calibrated(plan_of(config())), machine=Machine.here("cpu"))
    write_calibration(FILE, calibration)
    return calibration


def test_a_calibration_is_read_as_it_was_written(here):
    assert read_calibration(FILE, here.machine) == here
    assert read_calibration(Path("none.json"), here.machine) is None


@pytest.mark.parametrize("key", ["name", "processor", "device", "devices", "torch"])
def test_a_calibration_of_another_machine_is_refused(here, key):
    other = replace(here.machine, **{key: 99 if key == "devices" else "another"})
    with pytest.raises(UserError, match="--calibrate") as caught:
        read_calibration(FILE, other)
    assert str(FILE) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}', '{"format": 1}'])
def test_a_file_that_is_no_calibration_is_refused_in_one_line(here, text):
    FILE.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="--calibrate") as caught:
        read_calibration(FILE, here.machine)
    assert "\n" not in str(caught.value)


def test_negative_seconds_are_refused(here):
    content = json.loads(FILE.read_text(encoding="utf-8"))
    content["measured"][0]["step_seconds"] = -1
    FILE.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="step_seconds"):
        read_calibration(FILE, here.machine)


def test_plan_prints_hours_and_writes_what_fits(here, capsys):
    assert main(["plan", "study.yaml", "--budget", "1h", "--out", "fits.yaml"]) == 0
    said = capsys.readouterr().out
    assert "wall time on" in said and "longest chain of trainings" in said
    assert "fits.yaml: " in said and yaml.safe_load(Path("fits.yaml").read_text())["seeds"] == [0]
    assert main(["plan", "study.yaml", "--budget", "1h", "--out", "fits.yaml"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_without_a_calibration_only_flops_are_known(here, capsys):
    FILE.unlink()
    before = sorted(Path().rglob("*"))
    assert main(["plan", "study.yaml"]) == 0
    said = capsys.readouterr().out
    assert "--calibrate measures it" in said
    assert "mothernets g=1" in said and "TFLOPs" in said and "device-hours" not in said
    assert sorted(Path().rglob("*")) == before
    assert main(["plan", "study.yaml", "--budget", "1h"]) == 2
    assert "--calibrate measures it" in capsys.readouterr().err


def test_what_needs_no_calibration_is_said_beside_one_of_another_machine(here, capsys):
    write_calibration(FILE, replace(here, machine=replace(here.machine, torch="1.0")))
    assert main(["plan", "study.yaml", "--csv", "rows.csv"]) == 0
    said = capsys.readouterr().out
    assert "predicted training TFLOPs" in said and "hours: " in said and "rows.csv: " in said
    assert "another version of torch (1.0" in said and "--calibrate" in said
    assert main(["plan", "study.yaml", "--budget", "1h"]) == 2
    assert "another version of torch (1.0" in capsys.readouterr().err


def test_the_hours_of_another_machine_are_predicted_from_its_calibration(here, capsys):
    node = replace(here.machine, name="node17", processor="H100", device="cuda", devices=2)
    write_calibration(Path("node.json"), replace(here, machine=node))
    FILE.unlink()
    Path("study.yaml").write_text(yaml.safe_dump(config() | {"device": "auto"}), encoding="utf-8")
    assert main(["plan", "study.yaml", "--calibration", "node.json", "--devices", "16"]) == 0
    said = capsys.readouterr().out
    assert "seconds are of node17 (H100, torch" in said and "2 trainings side by side" in said
    assert "wall time with 16 trainings side by side: " in said


def test_a_calibration_of_a_device_that_the_study_does_not_use_is_refused(here, capsys):
    node = replace(here.machine, name="node17", processor="H100", device="cuda", devices=2)
    write_calibration(Path("node.json"), replace(here, machine=node))
    assert main(["plan", "study.yaml", "--calibration", "node.json"]) == 2
    said = "has seconds of device cuda, and the study's key 'device' is cpu"
    assert said in capsys.readouterr().err


def test_another_machine_s_calibration_must_be_there_and_nothing_is_measured_beside_it(
    here, capsys
):
    assert main(["plan", "study.yaml", "--calibration", "none.json"]) == 2
    assert "none.json: not found; make it there with --calibrate" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["plan", "study.yaml", "--calibration", str(FILE), "--calibrate"])
    assert "not allowed with" in capsys.readouterr().err


def test_on_a_gpu_as_many_train_side_by_side_as_there_are_slots(monkeypatch):
    gpus = [Gpu("GPU-1", "pretended"), Gpu("GPU-2", "pretended")]
    monkeypatch.setattr("mnbench.timing.calibration.usable_gpus", lambda wanted: gpus)
    monkeypatch.setenv("MNBENCH_GPU_JOBS", "3")
    machine = Machine.here("auto")
    assert (machine.device, machine.devices) == ("cuda", 6)
    assert machine.file == Path("results/.cache/calibration-cuda.json")


def test_rows_of_every_size_are_written_to_a_csv_file(here, capsys):
    assert main(["plan", "study.yaml", "--csv", "rows.csv"]) == 0
    lines = Path("rows.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(plan_of(config()).ensembles)
    assert main(["plan", "study.yaml", "--csv", "study.yaml2"]) == 2
    assert "ends in .csv" in capsys.readouterr().err


def test_out_needs_a_time(here, capsys):
    assert main(["plan", "study.yaml", "--out", "fits.yaml"]) == 2
    assert "add --budget 8h" in capsys.readouterr().err
