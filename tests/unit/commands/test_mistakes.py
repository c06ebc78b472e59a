"""Every argument of every command with every kind of wrong value: one line, or success."""

import shutil
from argparse import Action
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command_lines import EXAMPLES, arguments_of, lay_out, lay_traps, line, wrong_values

from mnbench.cli import main
from mnbench.commands import COMMANDS, Command
from mnbench.commands.arguments import file_to_write

LONGEST_LINE = 800  # characters: with the names of all architecture sets
ARGUMENTS = [(command, action) for command in COMMANDS for action in arguments_of(command)]


def name_of(value: Command | Action) -> str:
    """Return what a test is called after: a command or an argument."""
    return value.name if isinstance(value, Command) else (value.option_strings or [value.dest])[-1]


@pytest.fixture(scope="module")
def place(prepared, tmp_path_factory) -> Path:
    """Return a folder with what examples name and what mistakes name."""
    folder = tmp_path_factory.mktemp("place")
    lay_out(folder, prepared)
    lay_traps(folder)
    return folder


@pytest.fixture(autouse=True)
def inside(place, monkeypatch) -> None:
    """Run each command in that folder."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MNBENCH_QUIET", "1")


def files(folder: Path) -> dict[Path, int]:
    """Return what lies in a folder, and when it was written; a lock's folders are no harm."""
    return {
        path: path.lstat().st_mtime_ns if path.is_file() else 0
        for path in folder.rglob("*")
        if "locks" not in path.parts
    }


def faults(words: list[str], capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Run a command line in this process, and yield what is wrong with its answer."""
    folder = Path.cwd()
    before = files(folder)
    try:
        status = main(words)
    except SystemExit as end:
        status = end.code
    except Exception as error:  # what a user would see as a traceback
        yield f"{type(error).__name__}: {error}"
        return
    said = capsys.readouterr()
    new = files(folder).keys() - before.keys()
    if status == 0:
        for path in sorted(new, reverse=True):  # for the next case
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return
    changed = [path for path, written in files(folder).items() if before.get(path) != written]
    lines = said.err.splitlines()
    if status != 2:
        yield f"status {status}"
    if len(lines) != 1 or not lines[0].startswith("mnbench") or len(lines[0]) > LONGEST_LINE:
        yield f"not one line: {said.err}"
    if "Error" in said.err:
        yield f"Python's words: {said.err}"
    if said.out:
        yield f"output: {said.out}"
    if changed:
        yield f"left behind: {changed}"


def faults_of(command: Command, cases: list[list[str]], capsys) -> list[str]:
    """Return the faults of several command lines, each with the line that has it."""
    return [
        f"{' '.join(words)[:200]!r}: {fault}" for words in cases for fault in faults(words, capsys)
    ]


@pytest.mark.parametrize(("command", "argument"), ARGUMENTS, ids=name_of)
def test_a_wrong_value_is_answered_in_one_line(command, argument, capsys):
    cases = [line(command, argument, value) for value in wrong_values(argument)]
    assert faults_of(command, cases, capsys) == []


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_a_wrong_word_is_answered_in_one_line(command, capsys):
    words = line(command)
    options = [
        action.option_strings[0] for action in arguments_of(command) if action.option_strings
    ]
    extra = ["more", "two\nwords", "--unknown", "--two\nwords=3", "-x", "\udcff", "--=", *options]
    cases = [[*words, word] for word in extra] + [words[:-1]] * (len(words) > 1)
    assert faults_of(command, cases, capsys) == []


@pytest.mark.parametrize("command", EXAMPLES, ids=name_of)
def test_what_is_written_never_takes_the_place_of_what_is_read(command, capsys):
    outputs = [argument for argument in arguments_of(command) if argument.type is file_to_write]
    for read in filter(Path.is_file, map(Path, line(command))):
        before = read.read_bytes()
        for argument in outputs:
            assert faults_of(command, [line(command, argument, str(read))], capsys) == []
            assert read.read_bytes() == before


def test_the_sweep_finds_a_traceback(monkeypatch, capsys, tmp_path):
    def broken(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("mnbench.planning.config.read_study", broken)
    file = tmp_path / "study.yaml"
    file.touch()
    (fault,) = faults(["plan", str(file)], capsys)
    assert fault == "LookupError: a bug"
