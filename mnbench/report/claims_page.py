"""``claims.md``: the paper's claims, the verdicts and the four marks, for people.

Open this module to change the wording of verdicts. The trap: it is made of the tables ``verdicts``,
``claims``, ``marks``, ``convergence``, ``networks`` and ``missing`` alone.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mnbench.datasets.registry import TEST_SET
from mnbench.evaluation.claims.claim import COMPARISONS, NOT_TESTED, UNDECIDED
from mnbench.evaluation.claims.four_marks import MARKS
from mnbench.evaluation.convergence import convergence_of
from mnbench.evaluation.tables.files import select, set_of
from mnbench.naming import approach_title, point_name, setting_name

TABLES = ("verdicts", "claims", "marks", "convergence", "networks", "missing")
_SOURCES = {
    "page": "the authors' page",
    "abstract": "the paper's abstract",
    "unverified": "memory of the paper, unverified",
}
_COSTS = {
    "training_flops": "training FLOPs",
    "cpu_seconds": "CPU-seconds",
    "device_seconds": "device-seconds",
    "examples": "training examples",
}
_BOUNDS = {
    "at_least": "at least",
    "at_most": "at most",
    "more_than": "more than",
    "less_than": "less than",
    "in_replicates": "in at least",
}
# Of each quantity of mnbench.evaluation.claims.quantities: its words, and its unit on the page.
_TIMES, _POINTS, _PERCENT, _HOURS, _RELATIVE, _TRUTH = "times", "pp", "%", "h", "", "yes or no"
QUANTITY_WORDS = {
    "undominated_share": (
        "share of replicates in which no other approach dominates the best {approach}",
        _PERCENT,
    ),
    "ahead_share": (
        "share of replicates in which the best {approach} err less than every other's budget curve",
        _PERCENT,
    ),
    "exclusive_area": ("area that {approach} add to the front of all others", _PERCENT),
    "gain_on_every_curve": (
        "least error of any other approach at the cost of the best {approach}, less their own",
        _POINTS,
    ),
    "error_of_fewest_to_most_clusters": (
        "test error of the fewest clusters less that of Full Data",
        _POINTS,
    ),
    "cost_ratio": ("cost of {approach}, as a multiple of {against}", _TIMES),
    "error_difference": ("test error of {approach} less that of {against}", _POINTS),
    "hours_saved": ("device-hours of {approach} less those of {against}", _HOURS),
    "speed_up": (
        "cost of {against} at the error of {approach}, as a multiple of theirs",
        _TIMES,
    ),
    "error_gain": ("test error of {against} at the cost of {approach}, less theirs", _POINTS),
    "error_at_cost_share": (
        "test error of {approach} at 70 % of the cost of {against}, less that of {against}",
        _POINTS,
    ),
    "trained_with_skip_connections": ("{approach} trained networks with skip connections", _TRUTH),
    "error_growth": (
        "test error of {approach} at full size less that of {after} networks",
        _POINTS,
    ),
    "epochs_of_hatched_to_scratch": (
        "epochs of hatched networks, as a multiple of scratch",
        _TIMES,
    ),
    "largest_hatching_difference": ("largest change of logits by hatching, relative", _RELATIVE),
    "error_by_noise": (
        "validation error that the noise adds to hatched networks, mean (least to most)",
        _POINTS,
    ),
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
    lines = [
        f"# The paper's claims, tested by the study '{study}'\n",
        f"Costs are {_COSTS.get(cost, cost)}. Intervals are of 95 %. pp is percentage points.",
        "*As the page compares*: each approach once, at its plain budget. *Against budget curves*: "
        "every approach at every budget that the study has, but for variants.",
        "A cost that a fixed number of epochs sets allows a verdict and decides none.\n",
    ]
    if (evaluated_on := set_of(tables.values())) != TEST_SET:
        lines.append(
            f"Everything here is measured on the {evaluated_on} images; 'test' stands for them.\n"
        )
    if missing := len(tables["missing"]):
        lines.append(f"{missing} ensembles of single seeds could not be evaluated.")
        lines.append("`missing.csv` says which and why.\n")
    for setting in settings:
        gains, networks = (select(tables[name], *setting) for name in ("convergence", "networks"))
        sentence = convergence_of(gains, networks).sentence
        lines.append(f"- {setting_name(*setting)}: {sentence}.")
    lines += ["", *_verdicts(verdicts), ""]
    for row in verdicts.to_dict("records"):
        lines.append(_claim(row, claims[claims["claim"] == row["claim"]]))
    lines += [_marks(setting, select(tables["marks"], *setting)) for setting in settings]
    return "\n".join(lines)


def _verdicts(verdicts: pd.DataFrame) -> list[str]:
    """Return a Markdown table of both verdicts of every claim."""
    lines = [f"| the paper claims | {' | '.join(COMPARISONS.values())} |"]
    lines.append(f"|---{'|---' * len(COMPARISONS)}|")
    for row in verdicts.to_dict("records"):
        words = " | ".join(verdict_words(row, name) for name in COMPARISONS)
        lines.append(f"| {row['title']} | {words} |")
    return lines


def verdict_words(row: Mapping[Hashable, Any], comparison: str) -> str:
    """Return one verdict of a claim, and why where it is not tested."""
    verdict, why = row[f"verdict_{comparison}"], row[f"why_{comparison}"]
    return f"{verdict}: {why}" if verdict == NOT_TESTED and isinstance(why, str) else str(verdict)


def _claim(claim: Mapping[Hashable, Any], tests: pd.DataFrame) -> str:
    lines = [
        f"## {claim['title']}\n",
        f"*{claim['statement']}.* {claim['reading']}.\n",
        f"Source: {_SOURCES.get(claim['source'], claim['source'])}. Scale: {claim['scale']}. "
        f"It must hold {claim['holds']}. It needs {claim['needs']}.\n",
        *(f"- {words}: **{verdict_words(claim, name)}**" for name, words in COMPARISONS.items()),
        "",
    ]
    measured = tests[tests["measured_low"].notna()]
    if measured.empty:
        return "\n".join(lines)
    lines.append(
        "| data set, architecture set | compared | quantity | required | the paper says | measured "
        "(95 % interval) | verdict |"
    )
    lines.append("|---|---|---|---|---|---|---|")
    lines += [f"| {' | '.join(_cells(row))} |" for row in measured.to_dict("records")]
    lines.append(f"\nRests on {claim['records']} records, which `claims.csv` names.\n")
    return "\n".join(lines)


def _cells(test: Mapping[Hashable, Any]) -> list[str]:
    words, unit = QUANTITY_WORDS[test["quantity"]]
    names = {
        key: approach_title(test[key]) for key in ("approach", "against") if pd.notna(test[key])
    }
    required = "" if test["bound"] == "shown" else _number(test["threshold"], unit, "g")
    if required and unit != _TRUTH:
        required = f"{_BOUNDS[test['bound']]} {required} {unit}".rstrip()
    verdict_of_test = str(test["verdict"])
    if verdict_of_test == NOT_TESTED:
        verdict_of_test += f": {test['why']}"
    return [
        setting_name(test["dataset"], test["architecture_set"]),
        COMPARISONS.get(test["comparison"], "either way"),
        words.format(**names, after=test["after"]) + _from(test["networks"]) + _points(test),
        required,
        test["quoted"] if pd.notna(test["quoted"]) else "",
        _measured(test, unit),
        verdict_of_test,
    ]


def _points(test: Mapping[Hashable, Any]) -> str:
    """Return the two points that were compared; of many, the first."""
    points = str(test["points"]).split("; ") if pd.notna(test["points"]) else []
    shown = "; ".join(points if len(points) <= 2 else points[:1])
    return f" ({shown})" if shown else ""


def _from(networks: Any) -> str:
    """Return the minimum number of networks in words."""
    return f", from {networks:.0f} networks on" if pd.notna(networks) else ""


def _measured(test: Mapping[Hashable, Any], unit: str) -> str:
    """Return what was measured; an interval beside it where something random decides it."""
    digits = {_POINTS: ".2f", _PERCENT: ".1f"}.get(unit, ".3g")
    value, low, high = (test[f"measured{end}"] for end in ("", "_low", "_high"))
    if unit == _TRUTH:
        return UNDECIDED if low != high else _number(value, unit, digits)
    shown = "beyond the curve" if pd.isna(value) else f"{_number(value, unit, digits)} {unit}"
    if np.isclose(low, high, rtol=1e-6, atol=0):
        return shown.rstrip()
    ends = [_number(end, unit, digits) for end in (low, high)]
    within = " to ".join(ends)
    if np.isinf(high):
        within = f"at least {ends[0]}"
    elif np.isinf(low):
        within = f"at most {ends[1]}"
    return f"{shown.rstrip()} ({within})"


def _number(value: float, unit: str, digits: str) -> str:
    """Return a value on the scale of its unit on the page."""
    if unit == _TRUTH:
        return "yes" if value else "no"
    return format((100 * value if unit in (_POINTS, _PERCENT) else value) + 0.0, digits)  # no -0


def _marks(setting: tuple[str, str], marks: pd.DataFrame) -> str:
    title = f"## The four marks: {setting_name(*setting)}\n"
    if marks.empty:
        return f"{title}\nNo Full Data to compare with.\n"
    if why := next(iter(marks["why"].dropna().unique()), ""):
        return f"{title}\nNo marks: {why}.\n"
    lines = [title]
    for comparison, words in COMPARISONS.items():
        lines += [
            f"{words[0].upper()}{words[1:]}:\n",
            f"| approach | {' | '.join(MARKS)} |",
            f"|---{'|:-:' * len(MARKS)}|",
        ]
        shown = marks[marks["comparison"] == comparison]
        for _, of_approach in shown.groupby("approach", sort=False):
            grades = of_approach.set_index("mark")["grade"].fillna("not measured")
            name = point_name(of_approach.iloc[0])
            lines.append(f"| {name} | {' | '.join(grades[mark] for mark in MARKS)} |")
        lines.append("")
    rules = [f"- *{mark}*: {rule}." for mark, rule in MARKS.items()]
    return "\n".join([*lines, *rules, ""])
