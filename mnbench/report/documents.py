"""Documents for reading: Markdown and tables as pages.

Open this module to change how a table looks in the report. The trap: browsers show no page of more
than 2 MB inside a Snakemake report, so long tables are cut, and say so.
"""

import re

import numpy as np
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from mnbench.report.page import page

ENDS = ("_low", "_high")  # of an interval's columns
MAXIMUM_ROWS = 1500  # a report shows no page of more than 2 MB


def document(markdown: str) -> str:
    """Return a page of Markdown; its first heading is the title."""
    heading = re.search(r"^#+ (.*)", markdown, flags=re.MULTILINE)
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    html = html.replace("<table>", '<div class="scroll"><table>')
    html = html.replace("</table>", "</table></div>")
    return page(heading[1] if heading else "mnbench", Markup(html))


def in_markdown(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts Markdown shows as they are: tables may come from anywhere."""
    return frame.map(lambda cell: _plain(cell) if isinstance(cell, str) else cell)


def _plain(text: str) -> str:
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", " ".join(text.split()))


def table_page(frame: pd.DataFrame, title: str) -> str:
    """Return a page of a table, of its first rows if it is long; an interval shares a cell.

    Args:
        frame: one of the study's tables.
        title: above it, says what its rows are.
    """
    note = ""
    if len(frame) > MAXIMUM_ROWS:
        note = f"The first {MAXIMUM_ROWS:,} of {len(frame):,} rows; the CSV file has them all."
        frame = frame[:MAXIMUM_ROWS]
    columns = [name for name in frame if not _is_end(name, frame)]
    cells = {name: _cells(frame, name) for name in columns}
    head = Markup("").join(Markup("<th scope=col>{}</th>").format(_words(name)) for name in columns)
    starts = [
        Markup("<td class=number>" if _is_number(frame[name]) else "<td>") for name in columns
    ]
    rows = Markup("\n").join(
        Markup("<tr>")
        + Markup("").join(start + cell for start, cell in zip(starts, row, strict=True))
        for row in zip(*cells.values(), strict=True)
    )
    body = Markup(
        "<h1>{}</h1>\n<p class=quiet>{}</p>\n"
        "<div class=scroll><table>\n<thead><tr>{}</tr></thead>\n"
        "<tbody>\n{}\n</tbody></table></div>"
    ).format(title, note, head, rows)
    return page(title, body)


def _is_end(name: str, frame: pd.DataFrame) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in frame for end in ENDS)


def _is_number(column: pd.Series) -> bool:
    is_truth = pd.api.types.is_bool_dtype(column)
    return pd.api.types.is_numeric_dtype(column) and not is_truth


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cells(frame: pd.DataFrame, name: str) -> list[str]:
    values = [_text(value) for value in frame[name]]
    if not all(f"{name}{end}" in frame for end in ENDS):
        return values
    low, high = ([_text(value) for value in frame[f"{name}{end}"]] for end in ENDS)
    return [
        f"{value} ({first} to {last})" if first != last else value
        for value, first, last in zip(values, low, high, strict=True)
    ]


def _text(value: object) -> str:
    """Return a cell: four digits of a fraction, whole numbers whole, "" for a missing value."""
    if pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float) and abs(value) < 1e4 and value % 1:
        return f"{value:.4g}"
    return f"{value:,.0f}" if isinstance(value, float | int | np.integer) else str(value)
