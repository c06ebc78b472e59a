"""The commands of ``mnbench``: a module each, which holds one :class:`Command`.

Open this package to add a command or to change its options: write the module, and list its
``COMMAND`` below. The trap: all modules are imported before the command line is read, so that what
is heavy (torch, pandas, matplotlib) belongs inside a command's ``run``.
"""

from collections.abc import Mapping

from mnbench.commands import (
    compare,
    data,
    dataset,
    docs,
    doctor,
    figure,
    insides,
    plan,
    preview,
    profile,
    report,
    sets,
    tables,
    train,
)
from mnbench.commands.command import Command

# The order of help: what people type, then what the pipeline types in its own order, at last
# what people type who change mnbench itself.
GROUPS: Mapping[str, tuple[Command, ...]] = {
    "for you": (
        doctor.COMMAND,
        sets.COMMAND,
        data.COMMAND,
        preview.COMMAND,
        plan.COMMAND,
        compare.COMMAND,
        insides.COMMAND,
        profile.COMMAND,
    ),
    "steps of the pipeline, which Snakemake runs": (
        dataset.COMMAND,
        train.COMMAND,
        tables.COMMAND,
        figure.COMMAND,
        report.COMMAND,
    ),
    "for maintainers of mnbench": (docs.COMMAND,),
}
COMMANDS = tuple(command for commands in GROUPS.values() for command in commands)

__all__ = ["COMMANDS", "GROUPS", "Command"]
