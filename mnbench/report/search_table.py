"""The table of a search: an approach's variants by their epochs.

Open this module to change how variants are listed. The trap: a search is of development images; the
table says of which images it is, and never which variant to take.
"""

import pandas as pd

from mnbench.evaluation.tables.files import set_of
from mnbench.naming import named_variant

_AS_THE_PAPER = "as in the default study"
_MULTIPLE = "hatched epochs x "


def search_table(estimates: pd.DataFrame) -> str:
    """Return a Markdown table: a row a variant, a column a multiple of the epochs.

    A multiple is the budget, times that of hatched networks' epochs where there is one. A cell has
    the error in percent and, in brackets, the training TFLOPs; the best error of a column is bold.

    Args:
        estimates: full-size rows of one approach, g and setting.
    """
    rows = estimates.assign(
        name=estimates["variant"].map(named_variant).replace("", _AS_THE_PAPER),
        multiple=estimates["variant"].map(_multiple) * estimates["budget"],
    )
    multiples = sorted(rows["multiple"].unique())
    best = rows.groupby("multiple")["test_error"].min()
    headings = [f"{set_of([rows])} error %, epochs x {multiple:g}" for multiple in multiples]
    lines = [f"| variant | {' | '.join(headings)} |", f"|---{'|--:' * len(multiples)}|"]
    for name, own in rows.groupby("name", sort=False):
        of_multiple = own.set_index("multiple")
        cells = [
            _cell(of_multiple.loc[multiple], best[multiple])
            if multiple in of_multiple.index
            else ""
            for multiple in multiples
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _multiple(variant: str) -> float:
    """Return the multiple of hatched networks' epochs that a variant names; 1 if it names none."""
    last = variant.split(", ")[-1]
    return float(last.removeprefix(_MULTIPLE)) if last.startswith(_MULTIPLE) else 1.0


def _cell(row: pd.Series, best: float) -> str:
    error = f"{100 * row['test_error']:.2f}"
    error = f"**{error}**" if row["test_error"] == best else error
    return f"{error} ({row['training_flops'] / 1e12:.2f})"
