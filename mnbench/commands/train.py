"""``mnbench train``: one training of a plan, by the approach that its id names.

Open this when a single network should be trained by hand, to debug an approach, say. The trap: the
pipeline's rule calls the approach by way of ``mnbench.training.prefork`` instead, to save imports.
"""

import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path

from mnbench.commands.arguments import add_plan, complete
from mnbench.commands.checkout import import_approach
from mnbench.commands.command import Command
from mnbench.errors import UserError
from mnbench.planning.plan import Plan, read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    add_plan(parser)
    action = parser.add_argument(
        "id",
        metavar="ID",
        help="the training's id in the plan: dataset/architecture-set/seed/approach/name",
    )
    complete(action, _ids)
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="also write what the terminal shows to this file"
    )


def _ids(parsed_args: Namespace, **_: object) -> Iterable[str]:
    """Return a plan's ids for the shell to complete."""
    return map(str, read_plan(parsed_args.plan).trainings)


def _run(arguments: Namespace) -> None:
    approach = _approach_of(arguments.id, read_plan(arguments.plan), arguments.plan)
    module = import_approach(approach)
    if not hasattr(module, "train"):
        raise UserError(
            f"{module.__file__}: has no function 'train'; the rule in "
            f"workflow/rules/approaches/{approach}.smk says what trains its networks"
        )

    from mnbench.training.job import main

    log = ["--log", str(arguments.log)] if arguments.log else []
    main(module.train, [str(arguments.plan), arguments.id, *log])


def _approach_of(id: str, plan: Plan, file: Path) -> str:
    approaches = {str(training): training.approach for training in plan.trainings}
    if id not in approaches:
        near = difflib.get_close_matches(id, approaches, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "see the keys of 'trainings'"
        raise UserError(f"{file}: has no training '{id}'; {hint}")
    return approaches[id]


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
