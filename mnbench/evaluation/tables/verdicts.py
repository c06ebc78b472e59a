"""Table ``verdicts``: what became of each of the paper's claims.

Open :mod:`mnbench.evaluation.claims.claim` to see how a verdict is reached. The trap: the tests
behind a verdict are in ``claims``, one row each.
"""

from collections.abc import Sequence

import pandas as pd

from mnbench.evaluation.claims.claim import COMPARISONS, Claim, Finding, verdict_of
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import frame

TITLE = "What became of each of the paper's claims"

COLUMNS = {
    "claim": "id of the claim",
    "title": "the claim in a few words",
    "statement": "what is claimed",
    "reading": "how the claim is understood here",
    "source": "page (the authors' project page), abstract (of the paper) or unverified (from "
    "memory of the paper)",
    "scale": "the scale at which it was claimed",
    "holds": "whether it must hold everywhere or somewhere among the study's settings",
    "needs": "what a study needs for the claim to be tested",
    **{
        f"{key}{name}": f"{meaning}, {words}"
        for name, words in COMPARISONS.items()
        for key, meaning in (
            ("verdict_", "reproduced, not reproduced, undecided or not tested"),
            ("why_", "why it is not tested"),
        )
    },
    "records": "number of records that its tests rest on, see claims.csv",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every claim, in the order of ``claims.yaml``."""
    rows = [
        {
            "claim": claim.id,
            "title": claim.title,
            "statement": claim.claim,
            "reading": claim.reading,
            "source": claim.source,
            "scale": claim.scale,
            "holds": claim.holds,
            "needs": claim.needs,
            **_verdicts(claim, results.findings),
            "records": len(_records(claim, results.findings)),
        }
        for claim in results.claims
    ]
    return frame(rows, COLUMNS)


def _verdicts(claim: Claim, findings: Sequence[Finding]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in COMPARISONS:
        columns[f"verdict_{name}"], columns[f"why_{name}"] = verdict_of(claim, findings, name)
    return columns


def _records(claim: Claim, findings: Sequence[Finding]) -> set[str]:
    """Return the ids of the records that a claim's tests rest on."""
    measured = [finding.measured for finding in findings if finding.claim == claim]
    return {record for measurement in measured if measurement for record in measurement.records}
