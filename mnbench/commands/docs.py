"""``mnbench docs``: the pages that are written from the code and from committed tables.

Open this when a number or a column in the documentation looks wrong: correct the table, the
template or the definition, never the page. The trap: it overwrites pages in place.
"""

from argparse import ArgumentParser, Namespace

from mnbench.checkout import approach_modules, find_checkout
from mnbench.commands.command import Command


def _add_arguments(parser: ArgumentParser) -> None:
    del parser  # it has no options


def _run(arguments: Namespace) -> None:
    del arguments
    from mnbench.report.generated import generated_pages

    checkout = find_checkout()
    for path, text in generated_pages(checkout, approach_modules()).items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(text, encoding="utf-8")
        print(path)


COMMAND = Command(
    name="docs",
    summary="write the checkout's generated pages",
    description="Write the pages of this checkout that are made from the code and from committed "
    "tables: the README's and the results' numbers, the outputs, the configuration's reference, "
    "its template and its schema. `make docs` does it before it builds the documentation.",
    example="mnbench docs",
    add_arguments=_add_arguments,
    run=_run,
)
