"""Table ``left_out``: approaches that cannot take an architecture set.

Open it when an approach is absent from every other table. The trap: what was planned and failed is
in ``missing``.
"""

import pandas as pd

from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import SETTING, frame

TITLE = "Approaches that cannot take an architecture set, and why"

COLUMNS = {
    **SETTING,
    "approach": "which approach",
    "variant": "its variant's name in the configuration, if it is one",
    "reason": "why it cannot take the networks; names the sizes where it takes others",
}


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every approach that left out an architecture set."""
    rows = [{name: getattr(out, name) for name in COLUMNS} for out in results.plan.left_out]
    return frame(rows, COLUMNS)
