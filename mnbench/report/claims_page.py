"""``claims.md``: the paper's claims, the verdicts and the four marks, for people.

Open this module to change the wording of verdicts. The trap: it is made of the tables ``verdicts``,
``claims``, ``marks``, ``convergence`` and ``missing`` alone.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.datasets.registry import TEST_SET
from mnbench.evaluation.claims.claim import NOT_TESTED
from mnbench.evaluation.claims.four_marks import MARKS
from mnbench.evaluation.tables.convergence import convergence_of
from mnbench.evaluation.tables.files import select, set_of
from mnbench.naming import approach_title, point_name, setting_name

TABLES = ("verdicts", "claims", "marks", "convergence", "missing")
_SOURCES = {"page": "the authors' page", "unverified": "memory of the paper, unverified"}
_COSTS = {
    "training_flops": "training FLOPs",
    "cpu_seconds": "CPU-seconds",
    "device_seconds": "device-seconds",
    "examples": "training examples",
}
# Of each quantity of mnbench.evaluation.claims.quantities: its words, and its unit on the page.
_TIMES, _POINTS, _PERCENT, _HOURS, _RELATIVE, _TRUTH = "times", "pp", "%", "h", "", "yes or no"
QUANTITY_WORDS = {
    "cost_ratio": ("cost of {approach}, as a multiple of {against}", _TIMES),
    "error_difference": ("test error of {approach} less that of {against}", _POINTS),
    "hours_saved": ("device-hours of {approach} less those of {against}", _HOURS),
    "minimum_share_on_front": (
        "share of replicates with {approach} on the front, minimum over g",
        _PERCENT,
    ),
    "share_in_order_of_g": (
        "share of replicates where more clusters cost more and err less",
        _PERCENT,
    ),
    "refused_for_skip_connections": ("{approach} cannot take skip connections", _TRUTH),
    "error_growth": (
        "test error of {approach} at full size less that of {after} networks",
        _POINTS,
    ),
    "epochs_of_hatched_to_scratch": (
        "epochs of hatched networks, as a multiple of scratch",
        _TIMES,
    ),
    "largest_hatching_difference": ("largest change of logits by hatching, relative", _RELATIVE),
    "best_relative_gain": (
        "share of its members' mean error that the best ensemble avoids",
        _PERCENT,
    ),
    "alone_with_all_marks": ("only {approach} earn all four marks", _TRUTH),
}


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
    lines.append(
        f"Costs are {_COSTS.get(cost, cost)}. Intervals are of 95 %. pp is percentage points.\n"
    )
    if (evaluated_on := set_of(tables.values())) != TEST_SET:
        lines.append(
            f"Everything here is measured on the {evaluated_on} images; 'test' stands for them.\n"
        )
    if missing := len(tables["missing"]):
        lines.append(f"{missing} ensembles of single seeds could not be evaluated.")
        lines.append("`missing.csv` says which and why.\n")
    for setting in settings:
        sentence = convergence_of(select(tables["convergence"], *setting)).sentence
        lines.append(f"- {setting_name(*setting)}: {sentence}.")
    lines.append("\n| claim | verdict |\n|---|---|")
    lines += [f"| {row['title']} | {row['verdict']} |" for row in verdicts.to_dict("records")]
    lines.append("")
    for row in verdicts.to_dict("records"):
        lines.append(_claim(row, claims[claims["claim"] == row["claim"]]))
    lines += [_marks(setting, select(tables["marks"], *setting)) for setting in settings]
    return "\n".join(lines)


def _claim(claim: Mapping[Hashable, Any], tests: pd.DataFrame) -> str:
    lines = [
        f"## {claim['title']}: {claim['verdict']}\n",
        f"*{claim['statement']}.*\n",
        f"Source: {_SOURCES.get(claim['source'], claim['source'])}. Scale: {claim['scale']}. "
        f"It must hold {claim['holds']}.\n",
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
        lines.append(f"\nOn {', '.join(untested)} not every test could be done.")
        lines.append(f"It would need: {claim['needs']}.")
    lines.append(f"\nRests on {claim['records']} records, which `claims.csv` names.\n")
    return "\n".join(lines)


def _cells(test: Mapping[Hashable, Any]) -> list[str]:
    words, unit = QUANTITY_WORDS[test["quantity"]]
    names = {
        key: approach_title(test[key]) for key in ("approach", "against") if pd.notna(test[key])
    }
    required = _number(test["threshold"], unit, "g")
    if unit != _TRUTH:
        required = f"{test['bound']} {required} {unit}".rstrip()
    verdict_of_test = test["verdict"]
    if test["undecided"]:
        verdict_of_test += " (undecided: the interval holds the threshold)"
    return [
        setting_name(test["dataset"], test["architecture_set"]),
        words.format(**names, after=test["after"]) + _from(test["networks"]),
        required,
        _measured(test, unit),
        verdict_of_test,
    ]


def _from(networks: Any) -> str:
    """Return the minimum number of networks in words."""
    return f", from {networks:.0f} networks on" if pd.notna(networks) else ""


def _measured(test: Mapping[Hashable, Any], unit: str) -> str:
    """Return what was measured; an interval beside it where something random decides it."""
    digits = {_POINTS: ".2f", _PERCENT: ".1f"}.get(unit, ".3g")
    value, low, high = (
        _number(test[f"measured{end}"], unit, digits) for end in ("", "_low", "_high")
    )
    interval = f" ({low} to {high})" if low != high else ""
    return value if unit == _TRUTH else f"{value} {unit}".rstrip() + interval


def _number(value: float, unit: str, digits: str) -> str:
    """Return a value on the scale of its unit on the page."""
    if unit == _TRUTH:
        return "yes" if value else "no"
    return format((100 * value if unit in (_POINTS, _PERCENT) else value) + 0.0, digits)  # no -0


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
