"""``mnbench report``: a study's claims, tables and explorer as pages for a browser.

Open this when a page lacks a table. The trap: Snakemake's own ``--report`` is another thing; it
shows these pages, apart from the explorer, which is too large for it.
"""

from argparse import ArgumentParser, Namespace

from mnbench.commands.arguments import (
    add_costs,
    add_plan,
    add_tables,
    file_to_write,
    folder_to_write,
)
from mnbench.commands.command import Command
from mnbench.planning.plan import read_plan


def _add_arguments(parser: ArgumentParser) -> None:
    add_plan(parser)
    add_tables(parser)
    add_costs(parser, "cost axes to choose from in the explorer")
    parser.add_argument(
        "--out", type=folder_to_write, metavar="FOLDER", required=True, help="where the pages go"
    )
    parser.add_argument(
        "--explorer",
        type=file_to_write,
        metavar="FILE",
        required=True,
        help="where the explorer goes",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.report.pages import write_report

    write_report(
        read_plan(arguments.plan),
        arguments.tables,
        arguments.costs,
        pages=arguments.out,
        explorer_file=arguments.explorer,
    )


COMMAND = Command(
    name="report",
    former_names=("pages",),
    summary="write a study's pages: claims, tables, explorer",
    description="Write a study's claims, its tables and the explorer as HTML files. Each opens in "
    "a browser without a network. Snakemake's report shows the first two kinds.",
    example="mnbench report results/default/plan.json results/default --costs training_flops "
    "--out pages --explorer explorer.html",
    add_arguments=_add_arguments,
    run=_run,
)
