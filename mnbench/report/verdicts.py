"""The verdicts of several runs side by side: a claim may fare otherwise on other data or networks.

Open this module to change how the README and docs/results.md list claims. The trap: a run's
``claims.md`` is another page (:mod:`mnbench.report.claims_page`); it has the measurements, and why
a claim was not tested there.
"""

from collections.abc import Mapping

import pandas as pd

from mnbench.evaluation.claims.claim import (
    COMPARISONS,
    NOT_REPRODUCED,
    NOT_TESTED,
    REPRODUCED,
    UNDECIDED,
)

_VERDICTS = (REPRODUCED, UNDECIDED, NOT_REPRODUCED)  # in the order in which a cell names them


def claims_table(runs: Mapping[str, pd.DataFrame]) -> str:
    """Return a Markdown table: a row a claim, in a cell every verdict and the runs that gave it.

    Args:
        runs: the table ``verdicts`` of each run, by the name that people call it.
    """
    lines = [f"| the paper claims | {' | '.join(COMPARISONS.values())} |"]
    lines.append(f"|---{'|---' * len(COMPARISONS)}|")
    for claim, rows in _by_claim(runs):
        cells = [_grouped(rows[f"verdict_{comparison}"]) for comparison in COMPARISONS]
        lines.append(f"| {claim['statement']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict_matrix(runs: Mapping[str, pd.DataFrame]) -> str:
    """Return a Markdown table: a row a claim, a column a run, in a cell both verdicts.

    Args:
        runs: the table ``verdicts`` of each run, by the name that people call it.
    """
    lines = [f"| claim | {' | '.join(runs)} |", f"|---{'|---' * len(runs)}|"]
    for claim, rows in _by_claim(runs):
        cells = [_both(rows.loc[run]) for run in runs]
        lines.append(f"| {claim['title']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_claim(runs: Mapping[str, pd.DataFrame]) -> list[tuple[pd.Series, pd.DataFrame]]:
    """Return each claim, and its rows of the table ``verdicts``, by the run's name."""
    rows = pd.concat({run: table.set_index("claim") for run, table in runs.items()}, names=["run"])
    claims = next(iter(runs.values())).set_index("claim")
    return [(claims.loc[claim], rows.xs(claim, level="claim")) for claim in claims.index]


def _grouped(verdicts: pd.Series) -> str:
    """Return one comparison's verdicts with their runs; "not tested" if no run could test."""
    by_verdict = [(word, verdicts.index[verdicts == word]) for word in _VERDICTS]
    said = [f"{word} ({', '.join(runs)})" for word, runs in by_verdict if len(runs)]
    return "; ".join(said) or NOT_TESTED


def _both(row: pd.Series) -> str:
    """Return a claim's verdicts in one run, once if they are the same."""
    return " / ".join(dict.fromkeys(row[f"verdict_{comparison}"] for comparison in COMPARISONS))
