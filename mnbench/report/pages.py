"""Write a study's documents, pages and explorer: the step ``mnbench report``.

Open it to add a page. The trap: it reads every table, so one that is missing stops all pages.
"""

from collections.abc import Sequence
from pathlib import Path

from mnbench.evaluation.tables import TITLES
from mnbench.evaluation.tables.files import read_table
from mnbench.files import write_text
from mnbench.planning.plan import Plan
from mnbench.report.claims_page import claims_page
from mnbench.report.documents import document, in_markdown, table_page
from mnbench.report.explorer import explorer
from mnbench.report.overview import summary_page


def write_report(
    plan: Plan, tables_folder: Path, costs: Sequence[str], *, pages: Path, explorer_file: Path
) -> None:
    """Write ``summary.md`` and ``claims.md`` beside the tables, the pages and the explorer.

    Args:
        plan: the study's plan.
        tables_folder: the folder of its tables.
        costs: the cost axes; the first is the claims'.
        pages: the folder for the pages.
        explorer_file: the file for the explorer.

    Raises:
        UserError: a table is missing or unreadable.
    """
    tables = {name: read_table(tables_folder / f"{name}.csv") for name in TITLES}
    texts = {name: in_markdown(table) for name, table in tables.items()}
    documents = {
        "claims": claims_page(plan.study, costs[0], texts),
        "summary": summary_page(texts),
    }
    for name, text in documents.items():
        write_text(tables_folder / f"{name}.md", text)
        write_text(pages / f"{name}.html", document(text))
    for name, title in TITLES.items():
        page = table_page(tables[name], title)
        write_text(pages / f"{name}_table.html", page)
    write_text(explorer_file, explorer(plan, tables, costs))
