"""The paper's claims against a study: what was measured, and what follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Literal

import pandas as pd
import yaml
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from mnbench.errors import UserError
from mnbench.evaluation.claims.evidence import Evidence, Measured
from mnbench.evaluation.claims.quantities import QUANTITIES

FILE = resources.files(__package__) / "claims.yaml"
REPRODUCED, NOT_REPRODUCED, NOT_TESTED = (
    "reproduced",
    "not reproduced",
    "not tested at this scale",
)
Verdict = Literal["reproduced", "not reproduced", "not tested at this scale"]


@checked(frozen=True)
class Requirement:
    """A quantity, what it is of, and the side of the threshold that it must be on."""

    quantity: str
    arguments: Mapping[str, Any]
    threshold: float
    least: bool  # the threshold is the least that will do; else the most

    def __str__(self) -> str:
        words = self.quantity.replace("_", " ")
        of = ", ".join(f"{key} {value}" for key, value in self.arguments.items())
        return words + (f" ({of})" if of else "")

    @property
    def requirement(self) -> str:
        """What is asked for."""
        return f"at {'least' if self.least else 'most'} {self.threshold:g}"

    def passed(self, measured: Measured) -> bool:
        """Whether the whole interval is on the right side."""
        if self.least:
            return measured.low >= self.threshold
        return measured.high <= self.threshold

    def undecided(self, measured: Measured) -> bool:
        """Whether the threshold is inside the interval."""
        return measured.low < self.threshold < measured.high


@checked(frozen=True)
class Claim:
    """A claim of the paper: see ``claims.yaml``."""

    id: str
    claim: str
    source: Literal["page", "recalled"]
    scale: str
    needs: str
    holds: Literal["everywhere", "somewhere"]
    tests: Annotated[tuple[Requirement, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Finding:
    """One test of one claim on one data set and ensemble."""

    claim: Claim
    test: Requirement
    dataset: str
    architecture_set: str
    measured: Measured | None

    @property
    def verdict(self) -> Verdict:
        """What follows from it alone."""
        if self.measured is None:
            return NOT_TESTED
        return REPRODUCED if self.test.passed(self.measured) else NOT_REPRODUCED


def read_claims() -> tuple[Claim, ...]:
    """Read ``claims.yaml``.

    Raises:
        UserError: a claim lacks a key, or names a quantity that there is not.
    """
    found = []
    for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        tests = []
        for test in entry["tests"]:
            arguments = dict(test)
            least = "at_least" in arguments
            threshold = arguments.pop("at_least" if least else "at_most")
            quantity = arguments.pop("quantity")
            if quantity not in QUANTITIES:
                raise UserError(
                    f"claims.yaml: claim '{entry['id']}': unknown quantity '{quantity}'"
                )
            tests.append(Requirement(quantity, arguments, threshold, least))
        found.append(TypeAdapter(Claim).validate_python(entry | {"tests": tuple(tests)}))
    return tuple(found)


def judge(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> list[Finding]:
    """Test every claim on every data set and ensemble of a study."""
    return [
        Finding(
            claim,
            test,
            one.dataset,
            one.architecture_set,
            QUANTITIES[test.quantity](one, **test.arguments),
        )
        for claim in claims
        for one in evidence
        for test in claim.tests
    ]


def verdict_of(claim: Claim, findings: Sequence[Finding]) -> Verdict:
    """What follows for a claim from all its tests.

    Where all of its tests could be done they must all be passed: on every such data set and
    ensemble, or on one, as the claim says.
    """
    places: dict[tuple[str, str], list[Verdict]] = {}
    for finding in findings:
        if finding.claim.id == claim.id:
            places.setdefault((finding.dataset, finding.architecture_set), []).append(
                finding.verdict
            )
    tested = [place for place in places.values() if NOT_TESTED not in place]
    if not tested:
        return NOT_TESTED
    held = [all(verdict == REPRODUCED for verdict in place) for place in tested]
    holds = all(held) if claim.holds == "everywhere" else any(held)
    return REPRODUCED if holds else NOT_REPRODUCED


def table(findings: Sequence[Finding]) -> pd.DataFrame:
    """One row for every finding."""
    rows = [
        {
            "claim": finding.claim.id,
            "dataset": finding.dataset,
            "architecture_set": finding.architecture_set,
            "test": str(finding.test),
            "required": finding.test.requirement,
            "measured": finding.measured and finding.measured.value,
            "measured_low": finding.measured and finding.measured.low,
            "measured_high": finding.measured and finding.measured.high,
            "verdict": finding.verdict,
            "records": " ".join(finding.measured.records) if finding.measured else "",
        }
        for finding in findings
    ]
    columns = [
        "claim",
        "dataset",
        "architecture_set",
        "test",
        "required",
        "measured",
        "measured_low",
    ]
    return pd.DataFrame(rows, columns=[*columns, "measured_high", "verdict", "records"])
