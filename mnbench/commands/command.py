"""What a command is: its name, its help, its options, and the function that does the work.

Open this when help should say more, or when a command needs something that the others lack. The
trap: a command imports torch and pandas inside ``run`` only, since the shell starts mnbench on each
Tab.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Command:
    """One command of ``mnbench``."""

    name: str
    summary: str  # a line in the list of commands
    description: str  # a paragraph in the command's own help
    example: str  # a line to type
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], None]
    former_names: tuple[str, ...] = ()  # which are still understood
    former_options: Mapping[str, str] = field(default_factory=dict)  # likewise, with today's
