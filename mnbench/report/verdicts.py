"""``claims.md``: the claims, the verdicts and the four marks, for people."""

from collections.abc import Sequence

import pandas as pd

from mnbench.evaluation.claims.claim import NOT_TESTED, Claim, Finding, verdict_of
from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.claims.marks import RULES, Marks, marks
from mnbench.evaluation.tables.convergence import of_ensemble, verdict


def report(
    study: str,
    claims: Sequence[Claim],
    findings: Sequence[Finding],
    evidence: Sequence[Evidence],
    gains: pd.DataFrame,
    missing: int = 0,
) -> str:
    """Write a study's verdicts as Markdown.

    Args:
        study: its name.
        claims: all of them, in order.
        findings: of ``claims.judge``.
        evidence: of every data set and ensemble.
        gains: of ``convergence.convergence``.
        missing: how many ensembles of single seeds could not be evaluated.
    """
    parts = [f"# The paper's claims, tested by the study '{study}'\n"]
    costs = dict.fromkeys(one.cost for one in evidence)
    parts.append(f"Costs are {', '.join(costs)}; intervals are of 95 %.\n")
    if missing:
        parts.append(f"{missing} ensembles of single seeds could not be evaluated: missing.csv.\n")
    for one in evidence:
        said = verdict(of_ensemble(gains, one.dataset, one.architecture_set)).sentence
        parts.append(f"- {one.dataset}, {one.architecture_set}: {said}.")
    parts.append("\n| claim | verdict |\n|---|---|")
    parts += [f"| {claim.id} | {verdict_of(claim, findings)} |" for claim in claims]
    parts += ["", *(_claim(claim, findings) for claim in claims)]
    parts += [_marks(one) for one in evidence]
    return "\n".join(parts)


def _claim(claim: Claim, findings: Sequence[Finding]) -> str:
    own = [finding for finding in findings if finding.claim.id == claim.id]
    said = verdict_of(claim, findings)
    origin = "the authors' page" if claim.source == "page" else "recalled of the paper"
    lines = [
        f"## {claim.id}: {said}\n",
        f"*{claim.claim}.* ({origin}; made at: {claim.scale}; to hold {claim.holds})\n",
    ]
    if said == NOT_TESTED:
        lines.append(f"It would need: {claim.needs}.\n")
        return "\n".join(lines)
    lines.append(
        "| data set, ensemble | quantity | required | measured (95 % interval) | verdict |"
    )
    lines.append("|---|---|---|---|---|")
    for finding in own:
        if finding.measured is not None:
            lines.append(f"| {' | '.join(_cells(finding))} |")
    untested = dict.fromkeys(f.architecture_set for f in own if f.measured is None)
    if untested:
        lines.append(f"\nNot all of it could be tested on {', '.join(untested)}: {claim.needs}.")
    records = {id for f in own if f.measured for id in f.measured.records}
    lines.append(f"\nRests on {len(records)} records, which `claims.csv` names.\n")
    return "\n".join(lines)


def _cells(finding: Finding) -> list[str]:
    measured = finding.measured
    assert measured is not None
    value, low, high = (f"{x:.3g}" for x in (measured.value, measured.low, measured.high))
    if low != high:  # what nothing random decides has no interval
        value += f" ({low} to {high})"
    said = finding.verdict
    if finding.test.undecided(measured):
        said += " (undecided: the interval holds the threshold)"
    return [
        f"{finding.dataset}, {finding.architecture_set}",
        str(finding.test),
        finding.test.requirement,
        value,
        said,
    ]


def _marks(evidence: Evidence) -> str:
    found = marks(evidence)
    title = f"## The four marks: {evidence.dataset}, {evidence.architecture_set}\n"
    if not found:
        return f"{title}\nNo Full Data to compare with.\n"
    head = f"| approach | {' | '.join(RULES)} |\n|---{'|:-:' * len(RULES)}|"
    rows = [f"| {one.configuration} | {' | '.join(map(_mark, _in_order(one)))} |" for one in found]
    rules = [f"- *{mark}*: {rule}." for mark, rule in RULES.items()]
    return "\n".join([title, head, *rows, "", *rules, ""])


def _in_order(one: Marks) -> list[str | None]:
    return [one.of[mark] for mark in RULES]


def _mark(mark: str | None) -> str:
    return mark or "not measured"
