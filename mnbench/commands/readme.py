"""``mnbench readme``: the README's numbers, written from committed tables.

Open this when a number in the README looks wrong: correct the template or the table, never the
number. The trap: it overwrites the file in place.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mnbench.commands.arguments import named_folder
from mnbench.commands.command import Command


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("readme", type=Path, metavar="README", help="the file with the numbers")
    parser.add_argument(
        "template", type=Path, metavar="TEMPLATE", help="a Jinja file with a block for each passage"
    )
    parser.add_argument(
        "results",
        nargs="+",
        type=named_folder,
        metavar="NAME=FOLDER",
        help="a study's tables, and what the template calls them",
    )


def _run(arguments: Namespace) -> None:
    from mnbench.report.numbers import Results, fill, read_text

    results = {name: Results(folder) for name, folder in arguments.results}
    text, template = (read_text(path) for path in (arguments.readme, arguments.template))
    arguments.readme.write_text(fill(text, template, results), encoding="utf-8")


COMMAND = Command(
    name="readme",
    summary="write the README's numbers from committed tables",
    description="Replace the passages of a README that hold numbers by what a template makes of "
    "studies' tables. `make readme` does it for this project's README.",
    example="mnbench readme README.md workflow/report/readme.md.jinja "
    "reference=results/reference families=results/families",
    add_arguments=_add_arguments,
    run=_run,
)
