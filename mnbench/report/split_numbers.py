"""What a pilot tells of splits of a budget, as a template of numbers reads it.

Open this module to say another number of `mnbench plan --budget` in the docs. The trap: a split is
named by its epochs, and never by the options that train it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mnbench.evaluation.pilot import Pilot, read_pilot
from mnbench.evaluation.split_model import MeasuredSplit, fit_splits, misses_by_kind
from mnbench.planning.planner import Approach
from mnbench.planning.splits import BudgetSplit


@dataclass(frozen=True)
class Splits:
    """The measured splits of a pilot's first data set."""

    folder: Path  # of its tables
    approaches: Mapping[str, Approach]

    @cached_property
    def _pilot(self) -> Pilot:
        return read_pilot(self.folder, self.approaches)

    def _points(self, architecture_set: str) -> tuple[MeasuredSplit, ...]:
        return self._pilot.splits(self._pilot.estimates["dataset"].iloc[0], architecture_set)

    def misses(self, architecture_set: str, hatched: bool) -> np.ndarray:
        """Return what ``mnbench plan --budget`` misses by, each point left out, as fractions."""
        return np.abs(misses_by_kind(self._points(architecture_set))[hatched])

    def predicted(self, architecture_set: str, g: int, scratch: int, hatched: int) -> float:
        """Return the error that is predicted of a split, a fraction.

        Args:
            architecture_set: of the networks.
            g: the number of clusters.
            scratch: epochs of MotherNets.
            hatched: epochs of hatched networks.

        Raises:
            KeyError: nothing was measured at this g.
        """
        split = BudgetSplit(g, scratch, hatched)
        return fit_splits(self._points(architecture_set)).error(split)

    def measured(self, architecture_set: str, g: int, scratch: int, hatched: int) -> float:
        """Return the error of a split that the pilot has, a fraction; as :meth:`predicted`.

        Raises:
            KeyError: the pilot did not train this split.
        """
        wanted = BudgetSplit(g, scratch, hatched)
        for point in self._points(architecture_set):
            if point.split == wanted:
                return point.error
        raise KeyError(f"{self.folder}: no split {wanted} of '{architecture_set}'")
