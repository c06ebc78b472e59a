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
from mnbench.report.claims_page import verdict_words

_EMPTY = "–"  # what a cell has where a claim was not tested
_VERDICTS = (REPRODUCED, UNDECIDED, NOT_REPRODUCED)  # in the order in which a cell names them


def claims_table(runs: Mapping[str, pd.DataFrame]) -> str:
    """Return a Markdown table: a row a claim, in a cell every verdict and the runs that gave it.

    A claim that no run has tested has the reason of the run that came nearest to it: the one whose
    measurements rest on the most records.

    Args:
        runs: the table ``verdicts`` of each run, by the name that people call it.
    """
    lines = [f"| the paper claims | {' | '.join(COMPARISONS.values())} |"]
    lines.append(f"|---{'|---' * len(COMPARISONS)}|")
    for rows in _by_claim(runs):
        cells = [_grouped(rows, comparison) for comparison in COMPARISONS]
        lines.append(f"| {rows['statement'].iloc[0]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def verdict_matrix(runs: Mapping[str, pd.DataFrame]) -> str:
    """Return a Markdown table: a row a claim, a column a run, in a cell both verdicts.

    A dash stands for "not tested": in many runs most claims are not, and the words would hide the
    verdicts.

    Args:
        runs: the table ``verdicts`` of each run, by the name that people call it.
    """
    lines = [f"| claim | {' | '.join(runs)} |", f"|---{'|---' * len(runs)}|"]
    for rows in _by_claim(runs):
        cells = [_both(rows.loc[run]) if run in rows.index else _EMPTY for run in runs]
        lines.append(f"| {rows['title'].iloc[0]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _by_claim(runs: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the rows of each claim that some run has, by the run's name."""
    rows = pd.concat({run: table.set_index("claim") for run, table in runs.items()}, names=["run"])
    claims = dict.fromkeys(rows.index.get_level_values("claim"))
    return [rows.xs(claim, level="claim") for claim in claims]


def _grouped(rows: pd.DataFrame, comparison: str) -> str:
    """Return one comparison's verdicts with their runs; if no run could test, why."""
    verdicts = rows[f"verdict_{comparison}"]
    by_verdict = [(word, verdicts.index[verdicts == word]) for word in _VERDICTS]
    tested = [f"{word} ({', '.join(runs)})" for word, runs in by_verdict if len(runs)]
    nearest = rows.iloc[rows["records"].astype(int).argmax()]  # the first, if none has records
    return "; ".join(tested) or verdict_words(nearest.to_dict(), comparison)


def _both(row: pd.Series) -> str:
    """Return a claim's verdicts in one run, once if they are the same."""
    verdicts = dict.fromkeys(row[f"verdict_{comparison}"] for comparison in COMPARISONS)
    return " / ".join(_EMPTY if verdict == NOT_TESTED else verdict for verdict in verdicts)
