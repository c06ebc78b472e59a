"""Table ``verdicts``: what became of each of the paper's claims.

Open :mod:`mnbench.evaluation.claims.claim` to see how a verdict is reached. The trap: the tests
behind a verdict are in ``claims``, one row each.
"""

import pandas as pd

from mnbench.evaluation.claims.claim import judge, read_claims, verdict_of
from mnbench.evaluation.claims.evidence import evidence_of
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import frame

TITLE = "What became of each of the paper's claims"

COLUMNS = {
    "claim": "id of the claim",
    "statement": "what is claimed",
    "source": "page (the authors' project page) or unverified (from memory of the paper)",
    "scale": "the scale at which it was claimed",
    "holds": "whether it must hold everywhere or somewhere among the study's settings",
    "needs": "what a study needs for the claim to be tested",
    "verdict": "what follows from all its tests",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every claim, in the order of ``claims.yaml``."""
    claims = read_claims()
    findings = judge(claims, evidence_of(results))
    rows = [
        {
            "claim": claim.id,
            "statement": claim.claim,
            "source": claim.source,
            "scale": claim.scale,
            "holds": claim.holds,
            "needs": claim.needs,
            "verdict": verdict_of(claim, findings),
        }
        for claim in claims
    ]
    return frame(rows, COLUMNS)
