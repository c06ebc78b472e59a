"""Table ``marks``: the four marks of the authors' page, given by stated rules.

Open :mod:`mnbench.evaluation.claims.four_marks` for the rules; this module only lists their grades.
The trap: an empty grade could not be measured, which is not a "no".
"""

import pandas as pd

from mnbench.evaluation.claims.claim import COMPARISONS
from mnbench.evaluation.claims.four_marks import MARKS, best_marks, marks
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import POINT, SETTING, frame

TITLE = "The four marks of each approach"

COLUMNS = {
    **SETTING,
    **POINT,
    "mark": f"one of: {', '.join(MARKS)}",
    "comparison": "page (the approach's best point at its plain budget) or curves (at any budget)",
    "grade": "yes, partly, no, or undecided (the interval holds a limit); empty if it could not be "
    "measured",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every approach and mark; none without Full Data."""
    rows = [
        {"dataset": evidence.dataset, "architecture_set": evidence.architecture_set}
        | row.point.columns()
        | {"mark": mark, "comparison": comparison, "grade": row.grades[mark]}
        for evidence in results.evidence
        for comparison in COMPARISONS
        for row in best_marks(marks(evidence, page=comparison == "page"))
        for mark in MARKS
    ]
    return frame(rows, COLUMNS)
