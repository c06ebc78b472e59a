"""Table ``claims``: every test of every claim, and the records that it rests on.

Open it to change what is said of a test. The trap: an empty ``measured`` is a test that the study
cannot do, not one that failed.
"""

import pandas as pd

from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import SETTING, frame

TITLE = "Every claim's tests, and the records that they rest on"

COLUMNS = {
    "claim": "id of the claim, see verdicts.csv",
    **SETTING,
    "test": "the quantity that tests the claim",
    "required": "what the claim asks of it",
    "measured": "what was measured; empty if it could not be",
    "measured_low": "lower end of the 95 % confidence interval of `measured`",
    "measured_high": "upper end of the 95 % confidence interval of `measured`",
    "undecided": "whether the interval holds the threshold",
    "verdict": "what follows from this test alone",
    "records": "ids of the records, joined by a space",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every test of every claim on every data set and architecture set."""
    rows = [
        {
            "claim": finding.claim.id,
            "dataset": finding.dataset,
            "architecture_set": finding.architecture_set,
            "test": str(finding.test),
            "required": finding.test.requirement,
            "measured": measured.value if measured else None,
            "measured_low": measured.low if measured else None,
            "measured_high": measured.high if measured else None,
            "undecided": finding.test.undecided(measured) if measured else False,
            "verdict": finding.verdict,
            "records": " ".join(measured.records) if measured else "",
        }
        for finding in results.findings
        for measured in [finding.measured]
    ]
    return frame(rows, COLUMNS)
