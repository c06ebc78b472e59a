"""Studies copied, moved, given other times, stripped of their notes, or run twice at once."""

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fault_study import (
    SAID,
    TABLES,
    assert_as_if_nothing_had_happened,
    begin,
    finish,
    finished,
    plan_of,
)
from support.snakemake_runs import snakemake

from mnbench.records.paths import StudyPaths

pytestmark = pytest.mark.long


def _times(choose: Callable[[random.Random], float]) -> Callable[[Path], Path]:
    def change(folder: Path) -> Path:
        generator = random.Random(0)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            second = choose(generator)
            os.utime(file, (second, second))
        return folder

    return change


def _without(*names: str) -> Callable[[Path], Path]:
    def change(folder: Path) -> Path:
        for name in names:
            shutil.rmtree(folder / name)
        return folder

    return change


def _moved(folder: Path) -> Path:
    return folder.rename(folder.with_name("elsewhere with a space"))


def _copied(folder: Path) -> Path:
    target = folder.with_name("copy")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        (target / file.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        (target / file.relative_to(folder)).write_bytes(file.read_bytes())
    return target


def _linked(folder: Path) -> Path:
    results = (folder / "results").rename(folder.with_name("results elsewhere"))
    (folder / "results").symlink_to(results)
    return folder


MOVES: dict[str, Callable[[Path], Path]] = {
    "all times in the past": _times(lambda _: 1.0),
    "all times in the future": _times(lambda _: 4e9),
    "times at random": _times(lambda generator: generator.uniform(0, 4e9)),
    "without .snakemake": _without(".snakemake"),
    "without data": _without("results/tiny/data"),
    "without logs, data and .snakemake": _without("logs", "results/tiny/data", ".snakemake"),
    "moved": _moved,
    "copied file by file": _copied,
    "results behind a link": _linked,
}


@pytest.mark.parametrize("move", MOVES)
def test_a_moved_study_trains_nothing_again(study, reference, injected, move):
    folder = MOVES[move](study.root.parents[1])
    paths, plan = StudyPaths(folder / "results/tiny"), plan_of(reference)
    before = finished(paths, plan)
    assert len(before) == len(plan.trainings)
    injected("a move", move)
    finish(folder, TABLES)
    assert finished(paths, plan) == before
    assert_as_if_nothing_had_happened(paths, reference)


def test_a_second_run_at_once_is_told_and_harms_nothing(study, reference, injected):
    folder = study.root.parents[1]
    shutil.rmtree(study.records)
    first = begin(folder, TABLES)
    while first.poll() is None and not study.lock_of_study.exists():
        time.sleep(0.02)
    for _ in range(3):
        second = snakemake(folder, TABLES)
        assert second.returncode == 1 and "is being run by process" in second.stderr
        injected("a second run at once", "while the first trains")
    assert first.wait(timeout=900) == 0, (folder / SAID).read_text(encoding="utf-8")
    assert_as_if_nothing_had_happened(study, reference)
