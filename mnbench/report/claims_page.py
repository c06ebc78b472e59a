"""``claims.md``: the paper's claims, the verdicts and the four marks, for people.

Open this module to change how verdicts are told. The trap: it is made of the tables ``verdicts``,
``claims``, ``marks``, ``convergence`` and ``missing`` alone.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.evaluation.claims.claim import NOT_TESTED
from mnbench.evaluation.claims.four_marks import MARKS
from mnbench.evaluation.tables.convergence import convergence_of
from mnbench.evaluation.tables.files import select
from mnbench.naming import point_name, setting_name

TABLES = ("verdicts", "claims", "marks", "convergence", "missing")
_SOURCES = {"page": "the authors' page", "recalled": "recalled of the paper"}


def claims_page(study: str, cost: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return a study's verdicts as Markdown.

    Args:
        study: its name.
        cost: the cost axis that claims are judged on.
        tables: :data:`TABLES` by name, whole.
    """
    verdicts, claims = tables["verdicts"], tables["claims"]
    settings = list(dict.fromkeys(zip(claims["dataset"], claims["architecture_set"], strict=True)))
    lines = [f"# The paper's claims, tested by the study '{study}'\n"]
    lines.append(f"Costs are {cost}; intervals are of 95 %.\n")
    if missing := len(tables["missing"]):
        lines.append(f"{missing} ensembles of single seeds could not be evaluated: missing.csv.\n")
    for setting in settings:
        sentence = convergence_of(select(tables["convergence"], *setting)).sentence
        lines.append(f"- {setting_name(*setting)}: {sentence}.")
    lines.append("\n| claim | verdict |\n|---|---|")
    lines += [f"| {row['claim']} | {row['verdict']} |" for row in verdicts.to_dict("records")]
    lines.append("")
    for row in verdicts.to_dict("records"):
        lines.append(_claim(row, claims[claims["claim"] == row["claim"]]))
    lines += [_marks(setting, select(tables["marks"], *setting)) for setting in settings]
    return "\n".join(lines)


def _claim(claim: Mapping[Hashable, Any], tests: pd.DataFrame) -> str:
    lines = [
        f"## {claim['claim']}: {claim['verdict']}\n",
        f"*{claim['statement']}.* ({_SOURCES[claim['source']]}; made at: {claim['scale']}; to hold "
        f"{claim['holds']})\n",
    ]
    if claim["verdict"] == NOT_TESTED:
        lines.append(f"It would need: {claim['needs']}.\n")
        return "\n".join(lines)
    lines.append(
        "| data set, architecture set | quantity | required | measured (95 % interval) | verdict |"
    )
    lines.append("|---|---|---|---|---|")
    tested = tests["measured"].notna()
    lines += [f"| {' | '.join(_cells(row))} |" for row in tests[tested].to_dict("records")]
    untested = dict.fromkeys(tests.loc[~tested, "architecture_set"])
    if untested:
        lines.append(f"\nNot all of it could be tested on {', '.join(untested)}: {claim['needs']}.")
    lines.append(f"\nRests on {claim['records']} records, which `claims.csv` names.\n")
    return "\n".join(lines)


def _cells(test: Mapping[Hashable, Any]) -> list[str]:
    value, low, high = (f"{test[f'measured{end}']:.3g}" for end in ("", "_low", "_high"))
    if low != high:  # what nothing random decides has no interval
        value += f" ({low} to {high})"
    verdict_of_test = test["verdict"]
    if test["undecided"]:
        verdict_of_test += " (undecided: the interval holds the threshold)"
    return [
        setting_name(test["dataset"], test["architecture_set"]),
        test["test"],
        test["required"],
        value,
        verdict_of_test,
    ]


def _marks(setting: tuple[str, str], marks: pd.DataFrame) -> str:
    title = f"## The four marks: {setting_name(*setting)}\n"
    if marks.empty:
        return f"{title}\nNo Full Data to compare with.\n"
    head = f"| approach | {' | '.join(MARKS)} |\n|---{'|:-:' * len(MARKS)}|"
    rows = []
    for _, of_approach in marks.groupby("approach", sort=False):
        grades = of_approach.set_index("mark")["grade"].fillna("not measured")
        name = point_name(of_approach.iloc[0])
        rows.append(f"| {name} | {' | '.join(grades[mark] for mark in MARKS)} |")
    rules = [f"- *{mark}*: {rule}." for mark, rule in MARKS.items()]
    return "\n".join([title, head, *rows, "", *rules, ""])
