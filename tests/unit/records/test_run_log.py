"""The log of runs: a row a run, whatever ended it, that adds up over interruptions."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.example_record import EXAMPLE

from mnbench.errors import UserError
from mnbench.records.record import RECORD
from mnbench.records.run_log import (
    COMPLETE,
    INCOMPLETE,
    RUNNING,
    WAS_KILLED,
    Invocation,
    RunLog,
    gather,
    read_runs,
    write_runs,
)

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = BEGAN

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(folder: Path, clock: Clock, *names: str) -> RunLog:
    records = [folder / "records" / name for name in names]
    file = folder / "runs.csv"
    return RunLog(file, study="a", to_train=records, cores=2, gpus=None, now=clock)


def finish(folder: Path, name: str) -> None:
    """Write a record, as a training does at its end."""
    EXAMPLE.write(folder / "records" / name)


def test_a_run_says_how_long_it_took_and_what_it_finished(tmp_path, clock):
    log = begin(tmp_path, clock, "first", "second", "third")
    (row,) = read_runs(tmp_path / "runs.csv")
    assert (row.outcome, row.trainings, row.wall_seconds) == (RUNNING, 0, 0)
    clock.pass_by(60)
    finish(tmp_path, "first")
    finish(tmp_path, "second")
    log.end(COMPLETE)
    (row,) = read_runs(tmp_path / "runs.csv")
    assert (row.outcome, row.trainings, row.wall_seconds) == (COMPLETE, 2, 60)
    assert (row.study, row.started, row.cores, row.gpus) == ("a", BEGAN, 2, None)
    assert row.training_seconds == 2 * EXAMPLE.cost.device_seconds > 0
    assert row.cpu_seconds == 2 * EXAMPLE.cost.cpu_seconds > 0


def test_a_killed_run_keeps_its_last_sign_and_the_next_one_closes_its_row(tmp_path, clock):
    killed = begin(tmp_path, clock, "first", "second")
    finish(tmp_path, "first")
    clock.pass_by(30)
    killed.give_sign()
    clock.pass_by(1000)  # nobody runs
    begin(tmp_path, clock, "second").end(COMPLETE)
    first, second = read_runs(tmp_path / "runs.csv")
    assert (first.outcome, first.trainings, first.wall_seconds) == (WAS_KILLED, 1, 30)
    assert (second.outcome, second.trainings) == (COMPLETE, 0)


def test_a_sign_of_life_never_follows_the_end(tmp_path, clock):
    log = begin(tmp_path, clock)
    log.end(INCOMPLETE)
    log.give_sign()
    assert [run.outcome for run in read_runs(tmp_path / "runs.csv")] == [INCOMPLETE]


def test_a_record_that_was_there_before_counts_when_it_is_written_anew(tmp_path, clock):
    finish(tmp_path, "there")
    finish(tmp_path, "anew")
    log = begin(tmp_path, clock, "there", "anew")
    file = tmp_path / "records/anew" / RECORD
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    log.end(COMPLETE)
    assert [run.trainings for run in read_runs(tmp_path / "runs.csv")] == [1]


def test_a_failed_training_is_not_finished(tmp_path, clock):
    log = begin(tmp_path, clock, "failed")
    failed = tmp_path / "records/failed"
    failed.mkdir(parents=True)
    (failed / RECORD).write_text(
        '{"id": "x", "recipe_hash": "y", "failure": {"kind": "failed", "reason": "z"}}',
        encoding="utf-8",
    )
    log.end(INCOMPLETE)
    assert [run.trainings for run in read_runs(tmp_path / "runs.csv")] == [0]


def test_a_damaged_log_stops_no_run(tmp_path, clock):
    (tmp_path / "runs.csv").write_bytes(b"\xff\x00 no log")
    begin(tmp_path, clock).end(COMPLETE)
    assert [run.outcome for run in read_runs(tmp_path / "runs.csv")] == [COMPLETE]


def test_a_clock_that_is_set_back_makes_no_row_that_cannot_be_read(tmp_path, clock):
    log = begin(tmp_path, clock)
    clock.pass_by(-100)
    log.end(COMPLETE)
    assert [run.wall_seconds for run in read_runs(tmp_path / "runs.csv")] == [0]


def test_a_log_is_read_as_it_was_written(tmp_path):
    rows = [
        Invocation("a", BEGAN, BEGAN + timedelta(hours=1), 4, 1, 7, 10.125, 9.5, COMPLETE),
        Invocation("a", BEGAN + timedelta(hours=2), BEGAN + timedelta(hours=3), None, None),
    ]
    write_runs(tmp_path / "runs.csv", rows)
    assert read_runs(tmp_path / "runs.csv") == tuple(rows)
    head = (tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head.split(",") == [column.name for column in fields(Invocation)]


@pytest.mark.parametrize(
    "change",
    [
        ("2026-01-02T03:04:05+00:00", "yesterday"),
        ("2026-01-02T04:04:05+00:00", "2026-01-02T02:04:05+00:00"),
        ("2026-01-02T04:04:05+00:00", "2026-01-02T04:04:05"),
        ("training_seconds", "seconds"),
        (",4,", ",many,"),
    ],
)
def test_a_log_that_says_something_else_is_one_line(tmp_path, change):
    file = tmp_path / "runs.csv"
    write_runs(file, [Invocation("a", BEGAN, BEGAN + timedelta(hours=1), 4, None)])
    file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with pytest.raises(UserError, match=r"runs\.csv: not a readable log of runs .* delete it"):
        read_runs(file)


def test_the_runs_of_parts_are_gathered_each_once(tmp_path):
    parts = [tmp_path / name for name in ("b.csv", "a.csv")]
    for hours, file in enumerate(parts):
        began = BEGAN - timedelta(hours=hours)
        write_runs(file, [Invocation(file.stem, began, began, 2, None)])
    whole = tmp_path / "whole.csv"
    for _ in range(2):
        gather(whole, [*parts, tmp_path / "without.csv"])
    assert [run.study for run in read_runs(whole)] == ["a", "b"]


def test_of_parts_without_a_log_none_is_made(tmp_path):
    gather(tmp_path / "whole.csv", [tmp_path / "part.csv"])
    assert not (tmp_path / "whole.csv").exists()
