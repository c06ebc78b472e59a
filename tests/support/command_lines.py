"""Command lines made from a command's own example: one argument at a time is replaced.

The examples come from the registry of commands and their arguments from the parser, so that a new
command, or a new argument, is swept without a word here.
"""

import os
import shlex
import shutil
from argparse import Action, ArgumentTypeError, Namespace
from functools import cache
from pathlib import Path

import yaml
from support.tiny import config

from mnbench.commands import COMMANDS, Command
from mnbench.commands.arguments import file_to_write, folder_to_write
from mnbench.commands.parser import build_parser
from mnbench.records.paths import StudyPaths

# Its example has no argument that could be wrong, and would write into the checkout that is tested.
WRITES_THE_CHECKOUT = "docs"
EXAMPLES = [command for command in COMMANDS if command.name != WRITES_THE_CHECKOUT]


def arguments_of(command: Command) -> list[Action]:
    """Return a command's arguments that take a value, as its parser knows them."""
    actions = _parsed(command.name).parser._actions
    return [action for action in actions if action.nargs != 0]


def wrong_values(argument: Action) -> list[str]:
    """Return what is wrong for an argument; of a file to be written a good name is not wrong.

    The command would do its work for each, and two of the odd ones are enough.
    """
    if argument.type not in (file_to_write, folder_to_write):
        return list(WRONG_VALUES)
    return [value for value in WRONG_VALUES if not _is_good(argument, value)] + [*ODD_NAMES[2:4]]


def _is_good(argument: Action, value: str) -> bool:
    try:
        return callable(argument.type) and bool(argument.type(value))
    except ArgumentTypeError:
        return False


def line(command: Command, argument: Action | None = None, value: str = "") -> list[str]:
    """Return a command's example as a list of words, with *value* for one of its arguments."""
    parsed = _parsed(command.name)
    words = [command.name]
    for action in parsed.parser._actions:
        given = getattr(parsed, action.dest, None)
        if action is argument:
            # With "=", or a value that begins with "-" would be an option.
            words.append(f"{action.option_strings[0]}={value}" if action.option_strings else value)
        elif not action.option_strings:
            words.append(str(given))
        elif action.option_strings[0] in _example(command):
            words += [action.option_strings[0], *map(str, given if action.nargs else [given])]
    return words


@cache
def _parsed(name: str) -> Namespace:
    """Return a command's example as its parser reads it; building the parser takes its time."""
    (command,) = [command for command in COMMANDS if command.name == name]
    return build_parser().parse_args(_example(command))


def _example(command: Command) -> list[str]:
    return shlex.split(command.example)[1:]


def lay_out(folder: Path, study: StudyPaths) -> None:
    """Make what the examples name: results/default, results/my-study and config/default.yaml."""
    for name in ("default", "my-study"):
        shutil.copytree(study.root, folder / "results" / name)
    (folder / "config").mkdir()
    (folder / "config" / "default.yaml").write_text(yaml.safe_dump(config()), encoding="utf-8")


def lay_traps(folder: Path) -> None:
    """Make files and folders that are none of what a command wants."""
    (folder / "empty").mkdir()
    (folder / "text").write_text("a text\n", encoding="utf-8")
    (folder / "nothing").touch()
    (folder / "binary").write_bytes(bytes(range(256)) * 9)
    (folder / "list.json").write_text("[1, 2]", encoding="utf-8")
    (folder / "keys.json").write_text("{}", encoding="utf-8")
    (folder / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (folder / "loop").symlink_to("loop")
    (folder / "link").symlink_to("nowhere")
    locked = folder / "locked"
    locked.mkdir(mode=0o500)
    (locked / "file").touch(mode=0o000) if os.getuid() == 0 else locked.chmod(0)


# What may name a new file, though few would.
ODD_NAMES = ("two words", "$(touch made)", "two\nlines", "größe", "\udcff")
# What is typed by mistake, whatever the argument is.
WRONG_VALUES = (
    *("", " ", ".", "nowhere", "nowhere/below", "empty", "text", "text/below", "nothing"),
    *("binary", "list.json", "keys.json", "deep.json", "loop", "link", "locked", "locked/file"),
    *("results/default/plan.json", "config/default.yaml", "results/default"),
    *("a" * 300, "a/" * 3000, *ODD_NAMES),
    *("nan", "inf", "-1", "1e400", "0x10", "\u0663", "1000000001", "9" * 5000, "--", "--no"),
    *("/dev/zero", "/dev/full"),
)
