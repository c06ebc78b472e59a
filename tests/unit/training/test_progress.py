"""Progress: what a job writes to the terminal and to its log."""

from pathlib import Path

from mnbench.planning.plan import read_plan
from mnbench.training.progress import Progress


def test_progress_shows_the_network_its_position_epoch_error_and_time_left(
    trained, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("mnbench.training.progress.SECONDS_BETWEEN_LINES", 0.0)
    plan = read_plan(trained.plan)
    training = next(iter(plan.trainings.values()))
    log = tmp_path / "logs" / "job.log"
    with Progress.to(log, quiet=False) as progress:
        progress.begin(plan, training)
        progress.epoch({"epoch": 3, "validation_accuracy": 0.875}, 65.0)
        progress.end()
    label = f"[ 1/{len(plan.trainings)}] {training.approach} {training.name} seed0"
    epoch = f"{label}: epoch 3, validation error 12.5 %"
    said = [f"{epoch}, 1:05 left", f"{label}: done: epoch 3, validation error 12.5 %"]
    assert capsys.readouterr().err.splitlines() == said
    assert log.read_text().splitlines() == [f"{label}: begins", *said]


def test_quiet_progress_shows_errors_only(trained, capsys):
    plan = read_plan(trained.plan)
    with Progress.to(None, quiet=True) as progress:
        progress.begin(plan, next(iter(plan.trainings.values())))
        progress.epoch({"epoch": 1, "validation_accuracy": 0.5}, 1.0)
        progress.end()
        assert capsys.readouterr().err == ""
        progress.failed("mnbench: wrong")
    assert capsys.readouterr().err == "mnbench: wrong\n"


def test_a_full_disk_ends_the_log_and_not_the_training(trained, capsys):
    plan = read_plan(trained.plan)
    with Progress.to(Path("/dev/full"), quiet=False) as progress:
        progress.begin(plan, next(iter(plan.trainings.values())))
        progress.end()
    assert "done" in capsys.readouterr().err


def test_a_log_that_cannot_be_opened_ends_no_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with Progress.to(tmp_path / "file" / "job.log", quiet=True) as progress:
        progress.failed("why")
    assert capsys.readouterr().err == "why\n"
