"""``mnbench train``: one training of a plan, by the approach that its id names.

Open this when a single network should be trained by hand, to debug an approach, say. The trap: the
pipeline's rule runs this same command by way of ``mnbench.training.prefork``, to save imports.
"""

import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from mnbench.checkout import import_approach
from mnbench.commands.arguments import add_plan, complete, file_to_write
from mnbench.commands.command import Command
from mnbench.errors import UserError
from mnbench.planning.plan import read_plan
from mnbench.planning.training_id import TrainingId


def _add_arguments(parser: ArgumentParser) -> None:
    add_plan(parser)
    action = parser.add_argument(
        "id",
        metavar="ID",
        help="the training's id in the plan: dataset/architecture-set/seed/approach/name",
    )
    complete(action, _ids)
    parser.add_argument(
        "--log",
        type=file_to_write,
        metavar="FILE",
        help="also write what the terminal shows to this file",
    )


def _ids(parsed_args: Namespace, **_: object) -> Iterable[str]:
    """Return a plan's ids for the shell to complete."""
    return map(str, read_plan(parsed_args.plan).trainings)


def _run(arguments: Namespace) -> None:
    id = _planned(arguments.id, arguments.plan)
    module = import_approach(id.approach)
    if not hasattr(module, "train"):
        raise UserError(
            f"{module.__file__}: has no function 'train'; the rule in "
            f"workflow/rules/approaches/{id.approach}.smk says what trains its networks"
        )

    from mnbench.training.run import main

    main(module.train, arguments.plan, id, arguments.log)


def _planned(text: str, file: Path) -> TrainingId:
    """Return a plan's id by its text, or refuse it with the nearest one."""
    ids = {str(id): id for id in read_plan(file).trainings}
    if text not in ids:
        near = difflib.get_close_matches(text, ids, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "see the keys of 'trainings'"
        raise UserError(f"{file}: has no training '{text}'; {hint}")
    return ids[text]


COMMAND = Command(
    name="train",
    summary="train one network of a plan and write its record",
    description="Train one network (or several jointly, where the approach does) by the recipe "
    "of the plan, and write its record beside the plan. The approach is found from the id, in the "
    "checkout's baselines/. Parents must be trained first; Snakemake takes care of that.",
    example="mnbench train results/default/plan.json fashion_mnist/v5-small/seed0/full_data/v13",
    add_arguments=_add_arguments,
    run=_run,
)
