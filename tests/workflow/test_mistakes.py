"""Commands as processes where little is as usual: no disk, no terminal, an interruption."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from support.command_lines import EXAMPLES, lay_out, line
from support.snakemake_runs import ROOT, SMALL_STUDY, snakemake

from mnbench.commands import Command

pytestmark = pytest.mark.long  # fifty processes; each mistake itself is in the default tests

MNBENCH = [sys.executable, "-m", "mnbench"]
SUPERVISE = [sys.executable, "-m", "mnbench.training.supervise"]
PREFORK = [sys.executable, "-m", "mnbench.training.prefork"]
# All at once: what fails in it is tried with one of them at a time by hand.
BARE = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "HOME": None,
    "PATH": None,
    "TMPDIR": "/nowhere",
}


@pytest.fixture(scope="module")
def place(trained, tables_of_tiny, tmp_path_factory) -> Path:
    """Return a folder in which every example is right."""
    folder = tmp_path_factory.mktemp("place")
    lay_out(folder, trained)
    for table in tables_of_tiny.glob("*.csv"):
        (folder / "results" / "default" / table.name).write_bytes(table.read_bytes())
    return folder


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    """Return this process's environment with changes; None takes a variable away."""
    changed = os.environ | {"PYTHONPATH": str(ROOT)} | changes
    return {name: value for name, value in changed.items() if value is not None}


def check(process: subprocess.CompletedProcess[bytes], *statuses: int) -> None:
    """Check a process's status, and that it ended without a traceback."""
    error = process.stderr.decode(errors="replace")
    assert "Traceback" not in error and "Exception ignored" not in error, error
    assert process.returncode in statuses, error


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command.name)
def test_an_example_works_in_a_bare_environment(command, place):
    run = subprocess.run(
        [*MNBENCH, *line(command)], cwd=place, env=environment(BARE), capture_output=True
    )
    check(run, 0)


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command.name)
def test_an_output_that_cannot_be_written_is_one_line(command: Command, place):
    words = [[*MNBENCH, *line(command)], [*MNBENCH, command.name, "--help"]]
    for number, full in enumerate(words):
        with Path("/dev/full").open("w") as disk:
            run = subprocess.run(
                full, cwd=place, env=environment({}), stdout=disk, stderr=subprocess.PIPE
            )
        check(run, *((2,) if number else (0, 2)))
        said = run.stderr.splitlines()
        assert run.returncode == 0 or said[-1].startswith(b"mnbench: the output cannot be written")


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command.name)
def test_a_closed_output_is_no_mistake(command, place):
    run = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', *MNBENCH, *line(command)],
        cwd=place,
        env=environment({}),
        stderr=subprocess.PIPE,
    )
    check(run, 0)


@pytest.mark.parametrize("seconds", [0.4, 2])
@pytest.mark.parametrize("command", EXAMPLES, ids=lambda command: command.name)
def test_an_interruption_is_silent(command, seconds, place):
    words = [*MNBENCH, *line(command)]
    if command.name == "tables":
        words += ["--processes", "2"]
    with subprocess.Popen(
        words,
        cwd=place,
        env=environment({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        output, error = process.communicate(timeout=60)
    # Python itself dies of the signal before it has begun, and after it has ended.
    run = subprocess.CompletedProcess(words, process.returncode, output, error)
    check(run, 0, 130, -signal.SIGINT)


@pytest.mark.parametrize(
    "words",
    [
        SUPERVISE,
        [*SUPERVISE, "nowhere.json"],
        [*SUPERVISE, "nowhere.json", "no id"],
        [*SUPERVISE, "nowhere.json", "fashion_mnist/v5-small/seed0/full_data/v13"],
        [*SUPERVISE, "a" * 300, "fashion_mnist/v5-small/seed0/full_data/v13"],
        [*SUPERVISE, "results/default/plan.json", "fashion_mnist/v5-small/seed0/full_data/v99"],
        PREFORK,
        [*PREFORK, "no.such.module"],
        [*PREFORK, "--serve"],
        [*PREFORK, "--serve", "one", "two"],
    ],
)
def test_the_pipelines_own_programs_answer_a_mistake_in_one_line(words, place):
    run = subprocess.run(words, cwd=place, env=environment({}), capture_output=True)
    check(run, 2)
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("path", ["results", "results/tiny", "logs"])
def test_snakemake_names_a_file_in_the_place_of_a_folder(path, tmp_path):
    study = SMALL_STUDY | {"approaches": {"full_data": None}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).touch()
    run = snakemake(tmp_path, "-n")
    assert run.returncode == 1
    assert f"mnbench: '{path}' is no folder" in run.stderr
    assert "Traceback" not in run.stderr
