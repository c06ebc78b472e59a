"""Table ``missing``: what could not be evaluated.

Open it when an ensemble of the plan has no numbers. The trap: an approach that cannot take an
architecture set is never planned; it is in ``left_out``.
"""

import pandas as pd

from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import POINT, SETTING, frame

TITLE = "What could not be evaluated, and why"

COLUMNS = {
    **SETTING,
    "seed": "seed of the repetition",
    **POINT,
    "reason": "why the ensemble could not be evaluated, and what to do",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every planned ensemble that could not be evaluated."""
    planned = [name for name in COLUMNS if name != "reason"]
    rows = [
        {name: getattr(missing.ensemble, name) for name in planned} | {"reason": missing.reason}
        for missing in results.evaluation.missing
    ]
    return frame(rows, COLUMNS)
