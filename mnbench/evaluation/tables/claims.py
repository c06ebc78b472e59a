"""Table ``claims``: every test of every claim, and the records that it rests on.

Open it to change what is said of a test. The trap: an empty ``measured`` is a test that the study
cannot do, not one that failed.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mnbench.evaluation.points import PointId
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import SETTING, frame
from mnbench.naming import approach_title, configuration, networks_in_words

TITLE = "Every claim's tests, and the records that they rest on"

COLUMNS = {
    "claim": "id of the claim, see verdicts.csv",
    "comparison": "page (each approach once, at its plain budget), curves (against all budgets) "
    "or both",
    **SETTING,
    "quantity": "the quantity that tests the claim, a function of claims/quantities.py",
    "approach": "approach that it is of; empty if of all",
    "against": "approach that it is compared with; empty if with none",
    "networks": "minimum number of networks; empty if any",
    "after": "number of networks from which a growth counts; empty if no growth",
    "bound": "at_least, at_most, more_than, less_than, or in_replicates: a share of the "
    "replicates; shown if nothing is asked",
    "threshold": "what the reading of the claim asks of the quantity, in its unit; errors are "
    "fractions",
    "quoted": "what the paper says of the quantity; empty if that is the threshold",
    "measured": "what was measured, in the same unit; empty if it could not be, or if a budget "
    "curve does not reach so far",
    "measured_low": "lower end of the 95 % confidence interval of `measured`",
    "measured_high": "upper end of the 95 % confidence interval of `measured`; may be inf",
    "seeds": "the fewest seeds of any point that was compared",
    "points": "the points that were compared",
    "verdict": "what follows from this test alone: reproduced, not reproduced, undecided (the "
    "interval holds the threshold), not tested, set by the configuration (which allows a verdict "
    "and decides none), or shown, not judged",
    "why": "why it is not tested",
    "records": "ids of the records, joined by a space",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every test of every claim on every data set and architecture set."""
    rows = [
        {
            "claim": finding.claim.id,
            "comparison": finding.comparison,
            "dataset": finding.dataset,
            "architecture_set": finding.architecture_set,
            "quantity": finding.test.quantity,
            **_arguments(finding.test.arguments),
            "bound": finding.test.bound,
            "threshold": finding.test.threshold,
            "quoted": finding.test.quoted,
            "measured": measured.value if measured else None,
            "measured_low": measured.low if measured else None,
            "measured_high": measured.high if measured else None,
            "seeds": measured.seeds if measured else None,
            "points": "; ".join(map(_named, measured.points)) if measured else "",
            "verdict": finding.verdict,
            "why": finding.why,
            "records": " ".join(measured.records) if measured else "",
        }
        for finding in results.findings
        for measured in [finding.measured]
    ]
    return frame(rows, COLUMNS).astype({"networks": "Int64", "after": "Int64", "seeds": "Int64"})


def _named(point: PointId) -> str:
    title = configuration(approach_title(point.approach), point.g, point.budget, point.variant)
    return f"{title}, {networks_in_words(point.approach, point.size)}"


def _arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a quantity was called with, by column."""
    return {
        "approach": arguments.get("of", arguments.get("approach")),
        "against": arguments.get("to", arguments.get("against")),
        "networks": arguments.get("networks"),
        "after": arguments.get("after"),
    }
