"""``mnbench figure``: one figure of one data set and architecture set, as PNG and PDF.

Open this to draw a figure again after its module has changed. The trap: figures read tables, never
records, so run ``mnbench tables`` first when records have changed.
"""

from argparse import ArgumentParser, Namespace

from mnbench.commands.arguments import (
    add_architecture_set,
    add_costs,
    add_plan,
    add_tables,
    folder_to_write,
    text_that_names,
)
from mnbench.commands.command import Command
from mnbench.datasets.registry import TEST_SET
from mnbench.errors import UserError
from mnbench.figures import FIGURES, FORMATS
from mnbench.planning.plan import Plan, read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name", choices=FIGURES, metavar="FIGURE", help=f"one of {', '.join(FIGURES)}"
    )
    add_plan(parser)
    add_tables(parser)
    parser.add_argument(
        "--dataset",
        type=text_that_names,
        metavar="NAME",
        required=True,
        help="the data set that is drawn",
    )
    add_architecture_set(parser)
    add_costs(parser, "cost axes, a file each")
    parser.add_argument(
        "--absolute",
        action="store_true",
        help="show the interval of each error itself, not of its difference to Full Data (of "
        f"{', '.join(name for name, entry in FIGURES.items() if entry.absolute)} only)",
    )
    parser.add_argument(
        "--out", type=folder_to_write, metavar="FOLDER", required=True, help="where PNG and PDF go"
    )


def _run(arguments: Namespace) -> None:
    from mnbench.evaluation.tables.files import read_table, select, set_of
    from mnbench.figures import catalogue, style
    from mnbench.figures.figure_data import FigureData
    from mnbench.naming import without_formulas

    entry = FIGURES[arguments.name]
    if arguments.absolute and not entry.absolute:
        able = ", ".join(name for name, entry in FIGURES.items() if entry.absolute)
        raise UserError(
            f"--absolute: the figure '{arguments.name}' has no intervals of differences that could "
            f"be absolute; leave the option out, or draw {able}"
        )
    dataset, architecture_set = arguments.dataset, arguments.architecture_set
    plan = read_plan(arguments.plan)
    known = {(id.dataset, id.architecture_set) for id in plan.trainings}
    known |= {(entry.dataset, entry.architecture_set) for entry in plan.left_out}
    if (dataset, architecture_set) not in known:
        pairs = ", ".join(sorted(f"{data} with {networks}" for data, networks in known))
        raise UserError(
            f"{arguments.plan}: study '{plan.study}' has no '{dataset}' with '{architecture_set}'; "
            f"--dataset and --architecture-set may be {pairs}"
        )
    tables = {
        name: select(read_table(arguments.tables / f"{name}.csv"), dataset, architecture_set)
        for name in entry.tables
    }
    title = without_formulas(heading(plan, dataset, architecture_set))
    evaluated_on = set_of(tables.values())
    if evaluated_on != TEST_SET:
        title += f", {evaluated_on} images"
    for cost, stem in entry.stems(arguments.costs).items():
        data = FigureData(
            plan,
            tables,
            dataset,
            architecture_set,
            cost,
            title,
            evaluated_on,
            arguments.absolute,
        )
        figure = catalogue.draw(arguments.name, data)
        style.save_figure(figure, *(arguments.out / f"{stem}.{suffix}" for suffix in FORMATS))


def heading(plan: Plan, dataset: str, architecture_set: str) -> str:
    """Return what is above a figure: "Fashion-MNIST, 5 networks (v5-small)"."""
    size = max(
        (
            ensemble.size
            for ensemble in plan.ensembles
            if (ensemble.dataset, ensemble.architecture_set) == (dataset, architecture_set)
            and not ensemble.variant  # which may have several networks of each training
        ),
        default=0,
    )
    networks = f"{size} network{'s' * (size != 1)}"
    return f"{plan.dataset(dataset).title}, {networks} ({architecture_set})"


COMMAND = Command(
    name="figure",
    summary="draw one figure",
    description="Draw one figure of one data set and architecture set from a study's tables, and "
    "save it as PNG and PDF. A figure with a cost axis is drawn once on each axis.",
    example="mnbench figure pareto results/default/plan.json results/default "
    "--dataset fashion_mnist --architecture-set v5-small --costs training_flops --out figures",
    add_arguments=_add_arguments,
    run=_run,
)
