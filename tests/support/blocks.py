"""The code blocks of a Markdown page, and how each language is checked.

- ```python is executed, each block by itself;
- ```yaml is a study, which is planned, a part of one, which is checked, or an architecture set;
- ```sh is checked line by line: the command exists and takes these arguments;
- anything else must be marked: ``<!-- not run: reason -->`` on a line before the block.
"""

import contextlib
import importlib.util
import io
import re
import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
import yaml
from snakemake.cli import get_argument_parser
from support.tiny import MODULES, SOURCE, config, plan_of

from mnbench import cli
from mnbench.architectures import sets
from mnbench.planning.config import read_study
from mnbench.planning.options import options_by_set

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- not run: (?P<reason>[^>]+?) -->\s*\Z")
MINE = "my-study"  # stands for a file or study that the reader has made


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int  # of the fence
    language: str
    text: str
    reason: str | None  # why it is not run

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    """Return a page's blocks, in order."""
    page = path.read_text(encoding="utf-8")
    blocks = []
    for match in _FENCE.finditer(page):
        mark = _MARK.search(page[: match.start()])
        indent = match["indent"]
        text = re.sub(rf"(?m)^{indent}", "", match["text"])
        blocks.append(
            Block(
                str(path.relative_to(ROOT)),
                page[: match.start()].count("\n") + 1,
                match["language"],
                text,
                mark["reason"] if mark else None,
            )
        )
    return blocks


def check(block: Block) -> None:
    """Fail if a block is wrong, or of a language that must be marked as not run."""
    assert block.language in CHECKS, f"{block}: mark it with <!-- not run: reason -->"
    CHECKS[block.language](block.text)


def run_python(text: str) -> None:
    """Execute a block; ``images`` stands for a batch of the reader's."""
    exec(compile(text, "<block>", "exec"), {"images": torch.randn(16, 1, 28, 28)})


def read_yaml(text: str) -> None:
    """Plan a study; check a part of one, put into the tiny study; load an architecture set."""
    values = yaml.safe_load(text)
    if values is None:  # comments alone
        return
    if set(values) & {"members", "base"}:
        with tempfile.TemporaryDirectory() as folder, patch.object(sets, "_FOLDER", Path(folder)):
            (Path(folder) / "block.yaml").write_text(text, encoding="utf-8")
            with patch.object(sets, "ARCHITECTURE_SETS", ("block",)):
                assert sets.load_architectures("block")
        return
    if "study" in values:
        assert plan_of(values).trainings
        return
    study = read_study(config() | values, source=SOURCE)
    kinds = {name: module.Options for name, module in MODULES.items()}
    assert options_by_set(study, kinds, source=SOURCE)


def check_commands(text: str) -> None:
    """Check every line of a shell block."""
    for line in text.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            assert words[0] in COMMANDS, f"no check for the command '{words[0]}'"
            COMMANDS[words[0]](words[1:])


def _python(arguments: list[str]) -> None:
    option, module, *rest = arguments
    assert option == "-m", arguments
    specification = importlib.util.find_spec(module)
    if specification and specification.submodule_search_locations is not None:  # a package
        specification = importlib.util.find_spec(f"{module}.__main__")
    assert specification and specification.origin, f"no module '{module}'"
    # A module that only defines things runs as well, and does nothing.
    code = Path(specification.origin).read_text(encoding="utf-8")
    assert "__main__" in code or specification.name.endswith("__main__"), f"'{module}' does nothing"
    if module == "mnbench":
        _mnbench(rest)


def _mnbench(arguments: list[str]) -> None:
    options = [word for word in arguments if word.startswith("-")]
    steps = [word for word in arguments[:1] if not word.startswith("-")]
    said = _help(*steps)
    assert all(re.search(rf"(?<![\w-]){option}\b", said) for option in options), arguments


@cache
def _help(*step: str) -> str:
    said = io.StringIO()
    with (
        patch.object(sys, "argv", ["mnbench", *step, "--help"]),
        contextlib.redirect_stdout(said),
        pytest.raises(SystemExit) as end,
    ):
        cli.main()
    assert end.value.code == 0, step
    return said.getvalue()


def _snakemake(arguments: list[str]) -> None:
    options = _snakemake_parser().parse_args(arguments)
    for file in options.configfile or ():
        assert (ROOT / file).is_file() or MINE in str(file), file
    if options.workflow_profile:
        assert (ROOT / options.workflow_profile / "config.yaml").is_file()


@cache
def _snakemake_parser() -> Any:
    return get_argument_parser()


def _make(arguments: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in arguments:
        assert re.search(rf"(?m)^{re.escape(target)}:", makefile), target


def _pytest(arguments: list[str]) -> None:
    marks = arguments[arguments.index("-m") + 1] if "-m" in arguments else ""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert not marks or f'"{marks}: ' in project, marks
    for path in arguments:
        assert not path.startswith("tests/") or (ROOT / path).exists(), path


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "make": _make,
    "mnbench": _mnbench,
    "pytest": _pytest,
    "python": _python,
    "snakemake": _snakemake,
}
CHECKS = {"python": run_python, "yaml": read_yaml, "sh": check_commands}
