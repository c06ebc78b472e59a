"""A study's results: what every table is built from, computed once.

Open this module to see what a table's builder is given. The trap: a table that another table needs
is asked for with :func:`mnbench.evaluation.tables.table`, so it too is built once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from mnbench.evaluation.claims.claim import Claim, Finding, judge, read_claims
from mnbench.evaluation.claims.evidence import Evidence, evidence_of
from mnbench.evaluation.evaluate import Evaluation
from mnbench.evaluation.points import Points, points
from mnbench.evaluation.tables import table
from mnbench.planning.plan import Plan
from mnbench.records.store import RecordStore


@dataclass(frozen=True, eq=False)
class StudyResults:
    """A study's plan, records and evaluated ensembles.

    Attributes:
        store: the records.
        evaluation: every ensemble.
        costs: the cost axes; claims are judged on the first.
        tables: those already built, by name.
    """

    store: RecordStore
    evaluation: Evaluation
    costs: Sequence[str]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """The study's plan."""
        return self.store.plan

    @cached_property
    def points(self) -> Points:
        """Every point by (data set, architecture set)."""
        return points(self.evaluation)

    @cached_property
    def evidence(self) -> Sequence[Evidence]:
        """What claims and marks are judged by: of every data set and architecture set."""
        networks, gains = table(self, "networks"), table(self, "convergence")
        # Claims are of the approaches as the study sets them, not of the best of many variants.
        plain = {
            setting: [point for point in of_set if not point.id.variant]
            for setting, of_set in self.points.items()
        }
        return evidence_of(plain, networks, gains, self.store, self.costs[0])

    @cached_property
    def claims(self) -> Sequence[Claim]:
        """The paper's claims, in order."""
        return read_claims()

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """What every test of every claim found on every data set and architecture set."""
        return judge(self.claims, self.evidence)
