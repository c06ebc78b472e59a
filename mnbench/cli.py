# PYTHON_ARGCOMPLETE_OK
"""``mnbench``, the command line: reads the arguments, runs one command, and reports mistakes.

Open this for what all commands have in common: help, exit statuses, shell completion. What a
command does is in ``mnbench/commands/``. The trap: nothing heavy is imported before the arguments
are read, since each press of the Tab key runs this module.
"""

import argparse
import io
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

import argcomplete

from mnbench.commands import COMMANDS, GROUPS, Command
from mnbench.errors import UserError, choices, one_line

MISTAKE, INTERRUPTED = 2, 130  # exit statuses


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; a user's mistake is one line on the terminal.

    Args:
        arguments: what was typed after ``mnbench``; by default the process's own arguments.

    Raises:
        SystemExit: the arguments are wrong, or help was asked for.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without "×" shows "?"
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output, head for instance, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(arguments: Sequence[str] | None) -> int:
    parser = _parser()
    former_names = [name for command in COMMANDS for name in command.former_names]
    argcomplete.autocomplete(parser, exclude=former_names)
    typed = sys.argv[1:] if arguments is None else arguments
    known, unknown = parser.parse_known_args(_with_present_options(typed))
    if known.run is None:
        parser.print_help(sys.stderr)
        return MISTAKE
    if unknown:
        known.parser.refuse(unknown[0])
    from mnbench.lifeline import end_with_owner

    end_with_owner()
    try:
        known.run(known)
    except UserError as error:
        return _failed(str(error))
    except OSError as error:
        if error.filename is None:  # not of a file that somebody named
            raise
        return _failed(f"{error.filename}: {error.strerror}; check the path and its permissions")
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _with_present_options(arguments: Sequence[str]) -> list[str]:
    """Replace a command's former options: no parser knows them, so that no help lists them."""
    name, *rest = arguments or [""]
    for command in COMMANDS:
        if name in (command.name, *command.former_names):
            for former, present in command.former_options.items():
                rest = [
                    present + option.removeprefix(former)
                    if option == former or option.startswith(f"{former}=")
                    else option
                    for option in rest
                ]
    return [name, *rest] if arguments else []


def _failed(message: str) -> int:
    print(f"mnbench: {one_line(message)}", file=sys.stderr)
    return MISTAKE


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest valid name."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit."""
        self.exit(MISTAKE, f"{self.prog}: {one_line(message)} (see '{self.prog} --help')\n")

    def refuse(self, argument: str) -> NoReturn:
        """Exit because of an argument that the command does not have."""
        if argument.startswith("-"):
            flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
            self.error(f"unknown option '{argument}'; {choices(argument.split('=')[0], flags)}")
        self.error(f"unexpected argument '{argument}'")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Name the nearest choice instead of listing all of them in quotes."""
        if action.choices is not None and value not in action.choices:
            if isinstance(action, argparse._SubParsersAction):
                names = [command.name for command in COMMANDS]
                raise argparse.ArgumentError(
                    None, f"unknown command '{value}'; {choices(str(value), names)}"
                )
            allowed = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                action, f"unknown name '{value}'; {choices(str(value), allowed)}"
            )


class _Entry(_Parser):
    """The parser of ``mnbench`` itself, whose help lists the commands by group."""

    def format_help(self) -> str:
        """Return the list of commands, and how to go on."""
        width = max(len(command.name) for command in COMMANDS)
        listed = [
            f"\n{title}:\n"
            + "\n".join(f"  {command.name:<{width}}  {command.summary}" for command in commands)
            for title, commands in GROUPS.items()
        ]
        return "\n".join([_INTRODUCTION, *listed, _CONCLUSION])


_INTRODUCTION = """\
usage: mnbench COMMAND ...

Train deep ensembles by several approaches, and compare their test error with their training cost.
Usually Snakemake runs everything: `snakemake --cores 4`, see the README."""

_CONCLUSION = """
options:
  -h, --help  show this text; `mnbench COMMAND --help` shows a command's options and an example
  --version   show the version

To complete commands and options with Tab, put this into ~/.bashrc or ~/.zshrc:
  eval "$(register-python-argcomplete mnbench)"
"""


def _parser() -> _Parser:
    """Build the parser of all commands."""
    parser = _Entry(prog="mnbench")
    parser.add_argument("--version", action="version", version=f"mnbench {_version()}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(prog="mnbench", metavar="COMMAND", parser_class=_Parser)
    for command in COMMANDS:
        _add(commands, command)
    return parser


def _version() -> str:
    try:
        return version("mnbench")
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return "(not installed)"


def _add(commands: "argparse._SubParsersAction[_Parser]", command: Command) -> None:
    width = min(100, shutil.get_terminal_size().columns) - 2  # as argparse has it
    parser = commands.add_parser(
        command.name,
        aliases=command.former_names,
        help=command.summary,
        description=textwrap.fill(command.description, width),
        epilog=f"example:\n  {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(parser)
    parser.set_defaults(run=command.run, parser=parser)
