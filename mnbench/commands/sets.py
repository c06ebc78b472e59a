"""``mnbench sets``: every architecture set in a line, what a study's `architecture_sets` may name.

Open this when the list should say more. The trap: it reads every set's file, so that one which
cannot be read ends the list.
"""

from argparse import ArgumentParser, Namespace

from mnbench.commands.command import Command


def _add_arguments(parser: ArgumentParser) -> None:
    """Add nothing: the list is short enough to be shown whole."""


def _run(arguments: Namespace) -> None:
    from mnbench.architectures import ARCHITECTURE_SETS, load_architectures, set_title

    width = max(map(len, ARCHITECTURE_SETS))
    for name in ARCHITECTURE_SETS:
        networks = len(load_architectures(name))
        print(f"{name:<{width}}  {networks:>3} networks  {set_title(name)}".rstrip())


COMMAND = Command(
    name="sets",
    summary="list the architecture sets that a study can name",
    description="List every architecture set: its name, its number of networks, and what it is.",
    example="mnbench sets",
    add_arguments=_add_arguments,
    run=_run,
)
