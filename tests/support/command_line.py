"""Commands as a user runs them, in this process."""

from pathlib import Path

import pytest

from mnbench.cli import main


def status_of(*arguments: str | Path) -> int:
    """Run a command in this process and return its exit status."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a command that must be refused, and return the one line that says why."""
    assert status_of(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("mnbench")
    return line
