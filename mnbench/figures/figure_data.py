"""What a figure is drawn from: one frozen value for every figure.

Open this to see what ``draw(data)`` can read. The trap: the tables hold rows of one data set and
architecture set only; whoever makes the value selects them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mnbench.planning.plan import Plan


@dataclass(frozen=True)
class FigureData:
    """The plan and the tables of one data set and architecture set."""

    plan: Plan
    tables: Mapping[str, pd.DataFrame]  # by name, those of the figure's ``TABLES``
    dataset: str
    architecture_set: str
    cost: str = "training_flops"  # the column that is the cost axis, one of ``COST_AXES``
    title: str = ""  # above the figure
    evaluated_on: str = "test"  # whose images errors are of, as axes say it
    absolute: bool = False  # whether to show intervals of errors, not of differences between them
