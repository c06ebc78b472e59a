"""Processes killed at random moments, again and again, until the study is done.

Each chain starts the README's command, kills something at a moment that its seed decides, looks at
what is left, and starts again. A chain's last run is left in peace.
"""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from support.fault_study import (
    SAID,
    TABLES,
    assert_as_if_nothing_had_happened,
    begin,
    finish,
    finished,
    lay_out,
    plan_of,
    processes_in,
    repeated_epochs,
    wait_for_end,
)

pytestmark = pytest.mark.long

KILLS = 12  # of a chain
KILLS_A_RUN = 4  # that goes on without what was killed
LONGEST = 6.0  # seconds before a kill


def _named(*words: str) -> Callable[[Path], list[psutil.Process]]:
    """Return a choice of the processes whose command line has a word."""

    def choose(folder: Path) -> list[psutil.Process]:
        return [one for one in processes_in(folder) if set(words) & set(_command(one))]

    return choose


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _trainings(folder: Path) -> list[psutil.Process]:
    """Return the processes that were forked to train."""
    warm = {process.pid for process in _named("--serve")(folder)}
    return [one for one in _named("--serve")(folder) if one.ppid() in warm]


def _snakemake(folder: Path) -> list[psutil.Process]:
    return [one for one in processes_in(folder) if "snakemake" in " ".join(_command(one)[:3])]


VICTIMS: dict[str, Callable[[Path], list[psutil.Process]]] = {
    "a training": _trainings,
    "the warm process": _named("--serve"),
    "whatever waits for a training": _named("mnbench.training.supervise"),
    "Snakemake": _snakemake,
    "all processes at once": processes_in,
    "any one process": processes_in,
    "what stores images or makes tables": _named("dataset", "tables"),
}


@pytest.mark.parametrize(
    ("victim", "how"),
    [
        *((victim, signal.SIGKILL) for victim in VICTIMS),
        ("Snakemake", signal.SIGTERM),
        ("Snakemake", signal.SIGINT),
        ("a training", signal.SIGTERM),
    ],
)
def test_killed_until_it_is_done(tmp_path, reference, injected, victim, how):
    paths, plan = lay_out(tmp_path), plan_of(reference)
    generator, kills = random.Random(f"{victim}{how}"), 0
    while kills < KILLS:
        before = finished(paths, plan)
        process = begin(tmp_path, TABLES)
        done = _kill_now_and_then(process, tmp_path, victim, how, generator)
        for _ in range(done):
            injected(f"{how.name} of {victim}", "at a random moment")
        process.wait(timeout=600)
        wait_for_end(processes_in(tmp_path))
        said = (tmp_path / SAID).read_text(encoding="utf-8")
        assert "Traceback" not in said, said
        after = finished(paths, plan)
        assert {id: after.get(id) for id in before} == before, f"{kills} kills before"
        kills += done
        if done == 0:
            break  # it was faster than the kill
    finish(tmp_path, TABLES)
    assert max(repeated_epochs(paths, plan).values()) <= kills
    assert_as_if_nothing_had_happened(paths, reference)


def _kill_now_and_then(
    process: subprocess.Popen[bytes],
    folder: Path,
    victim: str,
    how: signal.Signals,
    generator: random.Random,
) -> int:
    """Kill at random moments while a run goes on; return the number of kills."""
    kills, moment = 0, time.monotonic() + 2 + LONGEST * generator.random()
    while process.poll() is None and kills < KILLS_A_RUN:
        time.sleep(0.05)
        if time.monotonic() < moment:
            continue
        victims = VICTIMS[victim](folder)
        generator.shuffle(victims)
        for one in victims if victim.startswith("all") else victims[:1]:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(how)
        if victims:
            kills, moment = kills + 1, time.monotonic() + LONGEST * generator.random()
    return kills
