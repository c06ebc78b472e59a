"""The parser of all commands: their help, and one line with the nearest valid name for a mistake.

Open this when help or the refusal of an argument should read otherwise. The trap: whatever a
message quotes was typed by somebody; only :func:`mnbench.errors.one_line` makes it one line.
"""

import argparse
import shutil
import sys
import textwrap
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

from mnbench.commands import COMMANDS, GROUPS, Command
from mnbench.commands.arguments import file_to_write, path_to_read
from mnbench.errors import MISTAKE, choices, one_line


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, with the nearest valid name."""

    def error(self, message: str) -> NoReturn:
        """Print one line and exit."""
        self.exit(MISTAKE, one_line(f"{self.prog}: {message} (see '{self.prog} --help')") + "\n")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Refuse "--" as an option's value, of which Python before 3.13 makes an empty list."""
        if action.option_strings and arg_strings == ["--"]:
            raise argparse.ArgumentError(action, "'--' is no value")
        return super()._get_values(action, arg_strings)

    def refuse(self, argument: str) -> NoReturn:
        """Exit because of an argument that the command does not have."""
        if argument.startswith("-"):
            flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
            self.error(f"unknown option '{argument}'; {choices(argument.split('=')[0], flags)}")
        self.error(f"unexpected argument '{argument}'")

    def refuse_loss(self, arguments: argparse.Namespace) -> None:
        """Exit if a file would be written in the place of one that the command reads."""
        for output in self._actions:
            path = getattr(arguments, output.dest, None)
            if output.type is not file_to_write or path is None or not path.exists():
                continue
            for source in self._actions:
                read = getattr(arguments, source.dest, None)
                if source.type is path_to_read and read and read.exists() and path.samefile(read):
                    name = output.option_strings[0] if output.option_strings else output.metavar
                    self.error(
                        f"argument {name}: '{path}' is read as {source.metavar}; name another file"
                    )

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help; what argparse hides, that the disk is full, is an error."""
        if file is sys.stdout:
            file.write(message)
        else:
            super()._print_message(message, file)

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


class _Entry(Parser):
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


def build_parser() -> Parser:
    """Build the parser of all commands."""
    parser = _Entry(prog="mnbench")
    parser.add_argument("--version", action="version", version=f"mnbench {_version()}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(prog="mnbench", metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        _add(commands, command)
    return parser


def _version() -> str:
    try:
        return version("mnbench")
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return "(not installed)"


def _add(commands: "argparse._SubParsersAction[Parser]", command: Command) -> None:
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
