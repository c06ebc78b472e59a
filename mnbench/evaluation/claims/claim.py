"""Claims and findings: what the paper says, what was measured, and what follows.

Open this module to see how a verdict is reached. The trap: where a claim's tests could not all be
done on a data set and architecture set, that setting does not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from mnbench.errors import UserError
from mnbench.evaluation.claims.evidence import Evidence, Measurement
from mnbench.evaluation.claims.quantities import QUANTITIES

FILE = resources.files(__package__) / "claims.yaml"
FORMER_SOURCES = {"recalled": "unverified"}  # still valid in a claims file
Verdict = Literal["reproduced", "not reproduced", "not tested at this scale"]
REPRODUCED: Verdict = "reproduced"
NOT_REPRODUCED: Verdict = "not reproduced"
NOT_TESTED: Verdict = "not tested at this scale"


@checked(frozen=True)
class Requirement:
    """A quantity, its arguments, and the side of the threshold that it must be on.

    Attributes:
        quantity: a name of ``QUANTITIES``.
        arguments: what the quantity is called with.
        threshold: in the quantity's unit.
        is_minimum: whether the threshold is a minimum; else it is a maximum.
    """

    quantity: str
    arguments: Mapping[str, Any]
    threshold: float
    is_minimum: bool

    @property
    def bound(self) -> str:
        """What the threshold is, in words."""
        return "at least" if self.is_minimum else "at most"

    def passed(self, measured: Measurement) -> bool:
        """Return whether the whole interval is on the right side."""
        if self.is_minimum:
            return measured.low >= self.threshold
        return measured.high <= self.threshold

    def undecided(self, measured: Measurement) -> bool:
        """Return whether the threshold is inside the interval."""
        return measured.low < self.threshold < measured.high


@checked(frozen=True)
class Claim:
    """A claim of the paper: see ``claims.yaml``."""

    id: str
    title: str
    claim: str
    source: Literal["page", "unverified"]
    scale: str
    needs: str
    holds: Literal["everywhere", "somewhere"]
    tests: Annotated[tuple[Requirement, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Finding:
    """One test of one claim on one data set and architecture set."""

    claim: Claim
    test: Requirement
    dataset: str
    architecture_set: str
    measured: Measurement | None

    @property
    def verdict(self) -> Verdict:
        """What follows from this test alone."""
        if self.measured is None:
            return NOT_TESTED
        return REPRODUCED if self.test.passed(self.measured) else NOT_REPRODUCED


def read_claims() -> tuple[Claim, ...]:
    """Return the claims of ``claims.yaml``.

    Raises:
        UserError: a claim lacks a key, or names an unknown quantity.
    """
    claims = []
    for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        tests = []
        for test in entry["tests"]:
            arguments = dict(test)
            is_minimum = "at_least" in arguments
            threshold = arguments.pop("at_least" if is_minimum else "at_most")
            quantity = arguments.pop("quantity")
            if quantity not in QUANTITIES:
                raise UserError(
                    f"claims.yaml: claim '{entry['id']}': unknown quantity '{quantity}'"
                )
            tests.append(Requirement(quantity, arguments, threshold, is_minimum))
        source = FORMER_SOURCES.get(entry.get("source"), entry.get("source"))
        values = entry | {"source": source, "tests": tuple(tests)}
        claims.append(TypeAdapter(Claim).validate_python(values))
    return tuple(claims)


def judge(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> list[Finding]:
    """Return a finding for every test of every claim on every data set and architecture set."""
    return [
        Finding(
            claim,
            test,
            setting.dataset,
            setting.architecture_set,
            QUANTITIES[test.quantity](setting, **test.arguments),
        )
        for claim in claims
        for setting in evidence
        for test in claim.tests
    ]


def verdict_of(claim: Claim, findings: Sequence[Finding]) -> Verdict:
    """Return what follows for a claim from all its tests.

    Where all of its tests could be done they must all be passed: on every setting, or on one of
    them, as the claim says.
    """
    settings: dict[tuple[str, str], list[Verdict]] = {}
    for finding in findings:
        if finding.claim.id == claim.id:
            setting = (finding.dataset, finding.architecture_set)
            settings.setdefault(setting, []).append(finding.verdict)
    tested = [verdicts for verdicts in settings.values() if NOT_TESTED not in verdicts]
    if not tested:
        return NOT_TESTED
    held = [all(verdict == REPRODUCED for verdict in verdicts) for verdicts in tested]
    holds = all(held) if claim.holds == "everywhere" else any(held)
    return REPRODUCED if holds else NOT_REPRODUCED
