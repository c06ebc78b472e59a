# PYTHON_ARGCOMPLETE_OK
"""``mnbench``, the command line: reads the arguments, runs one command, and reports mistakes.

Open this for what all commands have in common: exit statuses, mistakes, interruption. Their help is
made in ``mnbench/commands/parser.py``, and what a command does is in ``mnbench/commands/``. The
trap: an import up here is outside :func:`main`, and an interruption during it is a traceback.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mnbench.errors import MISTAKE, UserError, one_line

INTERRUPTED = 130  # the exit status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; a user's mistake is one line on the terminal.

    Args:
        arguments: what was typed after ``mnbench``; by default the process's own arguments.

    Raises:
        SystemExit: the arguments are wrong, or help was asked for.
    """
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without "×" shows "?"
    try:
        try:
            _run(arguments)
        finally:
            sys.stdout.flush()
    except UserError as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output, head for instance, has ended
        _discard_output()
    except OSError as error:
        return _refused(error)
    return 0


def _run(arguments: Sequence[str] | None) -> None:
    try:
        import argcomplete

        from mnbench.commands import COMMANDS
        from mnbench.commands.parser import build_parser
        from mnbench.lifeline import end_with_owner
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mnbench"):
            raise
        raise UserError(
            f"the package '{error.name}' is missing; activate the environment (source "
            ".venv/bin/activate), or run `make`, which sets it up"
        ) from None

    parser = build_parser()
    former_names = [name for command in COMMANDS for name in command.former_names]
    argcomplete.autocomplete(parser, exclude=former_names)
    typed = sys.argv[1:] if arguments is None else arguments
    known, unknown = parser.parse_known_args(_with_present_options(typed))
    if known.run is None:
        parser.print_help(sys.stderr)
        sys.exit(MISTAKE)
    if unknown:
        known.parser.refuse(unknown[0])
    known.parser.refuse_loss(known)
    end_with_owner()
    known.run(known)


def _with_present_options(arguments: Sequence[str]) -> list[str]:
    """Replace a command's former options: no parser knows them, so that no help lists them."""
    from mnbench.commands import COMMANDS

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
    with suppress(OSError):  # a terminal that takes no line takes no other one
        print(one_line(f"mnbench: {message}"), file=sys.stderr)
    return MISTAKE


def _refused(error: OSError) -> int:
    """Report what the system refused: a file, or the output where the error names none."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return _failed(
            f"{os.fsdecode(error.filename)}: {reason}; check the path and its permissions"
        )
    _discard_output()
    return _failed(f"the output cannot be written ({reason}); free space, or write it elsewhere")


def _open_closed_streams() -> None:
    """Open what the caller has closed (``>&-``): a file of a command's would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                while os.open(os.devnull, os.O_RDWR) < number:
                    pass
            mode = "w" if number else "r"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _discard_output() -> None:
    """Send what is left of the output nowhere, or Python complains of it when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
