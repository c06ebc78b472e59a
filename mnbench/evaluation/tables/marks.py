"""Table ``marks``: the four marks of the authors' page, given by stated rules.

Open :mod:`mnbench.evaluation.claims.four_marks` for the rules; this module only lists their grades.
The trap: an empty grade could not be measured, which is not a "no".
"""

from dataclasses import replace

import pandas as pd

from mnbench.evaluation.claims.claim import COMPARISONS, shortcoming
from mnbench.evaluation.claims.evidence import Evidence
from mnbench.evaluation.claims.four_marks import MARKS, best_marks, marks
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import POINT, SETTING, frame

CLAIM = "four-marks"
TITLE = "The four marks of each approach"

COLUMNS = {
    **SETTING,
    **POINT,
    "mark": f"one of: {', '.join(MARKS)}",
    "comparison": "page (the approach's best point at its plain budget) or curves (at any budget)",
    "grade": "yes, partly, no, undecided (the interval holds a limit), or set by the configuration "
    "(a cost that a fixed number of epochs decides); empty if it could not be measured",
    "why": "why the study can give no marks, as for the claim that is made of them",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every approach and mark; none without Full Data."""
    rows = [
        {"dataset": evidence.dataset, "architecture_set": evidence.architecture_set}
        | row.point.columns()
        | {
            "mark": mark,
            "comparison": comparison,
            "grade": None if why else row.grades[mark],
            "why": why,
        }
        for evidence in results.evidence
        for why in [_why_none(results, evidence)]
        for comparison in COMPARISONS
        for row in best_marks(marks(evidence, page=comparison == "page"))
        for mark in MARKS
    ]
    return frame(rows, COLUMNS)


def _why_none(results: StudyResults, evidence: Evidence) -> str:
    """Return why no approach can be given marks; "" where they can."""
    (claim,) = [claim for claim in results.claims if claim.id == CLAIM]
    # A missing approach leaves the others their marks; only the claim needs all of them.
    of_marks = replace(claim, approaches=())
    rows = marks(evidence, page=False)
    return shortcoming(of_marks, evidence, min((row.seeds for row in rows), default=0))
