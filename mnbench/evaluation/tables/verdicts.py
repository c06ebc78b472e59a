"""Table ``verdicts``: what became of each of the paper's claims.

Open :mod:`mnbench.evaluation.claims.claim` to see how a verdict is reached. The trap: the tests
behind a verdict are in ``claims``, one row each.
"""

from collections.abc import Sequence

import pandas as pd

from mnbench.evaluation.claims.claim import Claim, Finding, verdict_of
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import frame

TITLE = "What became of each of the paper's claims"

COLUMNS = {
    "claim": "id of the claim",
    "title": "the claim in a few words",
    "statement": "what is claimed",
    "source": "page (the authors' project page) or unverified (from memory of the paper)",
    "scale": "the scale at which it was claimed",
    "holds": "whether it must hold everywhere or somewhere among the study's settings",
    "needs": "what a study needs for the claim to be tested",
    "verdict": "what follows from all its tests",
    "records": "number of records that its tests rest on, see claims.csv",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every claim, in the order of ``claims.yaml``."""
    rows = [
        {
            "claim": claim.id,
            "title": claim.title,
            "statement": claim.claim,
            "source": claim.source,
            "scale": claim.scale,
            "holds": claim.holds,
            "needs": claim.needs,
            "verdict": verdict_of(claim, results.findings),
            "records": len(_records(claim, results.findings)),
        }
        for claim in results.claims
    ]
    return frame(rows, COLUMNS)


def _records(claim: Claim, findings: Sequence[Finding]) -> set[str]:
    """Return the ids of the records that a claim's tests rest on."""
    measured = [finding.measured for finding in findings if finding.claim == claim]
    return {record for measurement in measured if measurement for record in measurement.records}
