"""Numbers in pages: passages that are written from the committed tables, and never typed.

Open this module to see how the README and docs get their numbers. A page marks where a passage
goes, between ``<!-- numbers: NAME -->`` and ``<!-- end -->``. A template has a block of each name,
which reads the tables through :class:`mnbench.report.numbers.Results`. What it says of a number is
checked (:mod:`mnbench.report.wording`). The trap: page and template must have the same names.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, StrictUndefined, TemplateError

from mnbench.errors import UserError
from mnbench.report.verdicts import claims_table, verdict_matrix
from mnbench.report.wording import FILTERS, Untrue

_PASSAGE = re.compile(r"(<!-- numbers: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give another file") from error


def fill(page: str, template: str, results: Mapping[str, object]) -> str:
    """Return a page with its passages written anew.

    Args:
        page: its text.
        template: a Jinja template with a block for each passage.
        results: the studies that the template reads, by the names that it uses.

    Raises:
        UserError: a passage without a block, a block without a passage, or a block that asks for
            what the tables do not have, or says what they do not bear out.
    """
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= FILTERS
    environment.filters |= {"claims_table": claims_table, "verdict_matrix": verdict_matrix}
    name = ""
    try:
        blocks = environment.from_string(template)
        context = blocks.new_context(dict(results))
        texts: dict[str, str] = {}
        for name, block in blocks.blocks.items():
            texts[name] = "".join(block(context))
    except (TemplateError, KeyError) as error:
        raise UserError(f"the template of numbers: {error.args[0]}") from error
    except Untrue as error:
        raise UserError(
            f"the template of numbers: passage '{name}': {error}; write the sentence anew"
        ) from error
    marked = {name for _, name, _, _ in _PASSAGE.findall(page)}
    if marked != set(texts):
        odd = ", ".join(sorted(marked ^ set(texts)))
        raise UserError(f"the page and its template do not have the same passages: {odd}")
    return _PASSAGE.sub(lambda found: f"{found[1]}{texts[found[2]].strip()}\n{found[4]}", page)
