"""The command line refuses a file in one line with status 2, or does what it is for."""

import json
import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from support.fuzzing import SECONDS, Explorer, assert_refusal, sizes, tree
from support.hostile import json_files, yaml_files
from support.tiny import config, plan_of

ROOT = Path(__file__).parents[2]
ID = "fashion_mnist/v5-small/seed0/full_data/v13"
PLAIN_STUDY = config() | {"approaches": {"full_data": None}}
KEYS = tuple(PLAIN_STUDY)
NAMES = ("study.yaml", "two\nlines.yaml", "-rf", "$(touch PWNED).yaml", "ünï 日本.yaml", "<b>.yaml")


def run(*arguments: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run mnbench in a process, and return it with its CPU-seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "mnbench", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done, spent


@cache
def seconds_to_start() -> float:
    """Return the CPU-seconds of a command that imports what all of these import."""
    _, spent = run("plan", "config/default.yaml")
    return spent


def check_run(folder: Path, file: Path, *arguments: str) -> None:
    """Check a command's status, output, time, and that it leaves nothing behind."""
    before = tree(folder.parent)
    done, spent = run(*arguments)
    assert tree(folder.parent) == before
    assert spent < SECONDS + seconds_to_start()
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert done.stdout and not done.stderr
        return
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("mnbench: ")
    assert_refusal(line, file if str(file).isprintable() else Path("yaml"))


@sizes(few=2, many=24)
def test_plan_of_any_file(cases: int, explore: Explorer, folder: Path):
    def check(case: tuple[str, bytes]) -> None:
        name, content = case
        file = folder / name
        file.write_bytes(content)
        check_run(folder, file, "plan", str(file))
        file.unlink()

    explore(cases, st.tuples(st.sampled_from(NAMES), yaml_files((PLAIN_STUDY,), KEYS)), check)


@sizes(few=1, many=10)
def test_train_by_any_plan(cases: int, explore: Explorer, folder: Path):
    file = folder / "plan.json"
    original = json.loads(plan_of(PLAIN_STUDY).to_json())

    def check(content: bytes) -> None:
        file.write_bytes(content)
        # Of no training: it would be trained for lack of a mistake.
        check_run(folder, file, "train", str(file), f"{ID}-of-nobody")

    explore(cases, json_files((original,), KEYS), check)
