"""Claims and findings: what the paper says, what was measured, and what follows.

Open this module to see how a verdict is reached. Every claim has two: as the page compares, each
approach once, and against budget curves, where every approach may spend what it likes. The trap:
a cost that the configuration sets may allow a verdict, but never decides one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Annotated, Any, Literal, get_args

import numpy as np
import yaml
from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass as checked

from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import MINIMUM_SEEDS
from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested
from mnbench.evaluation.claims.quantities import QUANTITIES
from mnbench.naming import approach_title

FILE = resources.files(__package__) / "claims.yaml"
FORMER_SOURCES = {"recalled": "unverified"}  # still valid in a claims file
Verdict = Literal["reproduced", "not reproduced", "undecided", "not tested"]
REPRODUCED: Verdict = "reproduced"
NOT_REPRODUCED: Verdict = "not reproduced"
UNDECIDED: Verdict = "undecided"
NOT_TESTED: Verdict = "not tested"
SET = "set by the configuration"  # of a single test: it allows a verdict, and is none
SHOWN = "shown, not judged"  # of a quantity that stands beside the tests
Comparison = Literal["page", "curves"]
COMPARISONS: Mapping[Comparison, str] = {
    "page": "as the page compares",
    "curves": "against budget curves",
}
Bound = Literal["at_least", "at_most", "more_than", "less_than", "in_replicates", "shown"]


@checked(frozen=True)
class Requirement:
    """A quantity, its arguments, and the side of the threshold that it must be on.

    Attributes:
        quantity: a name of ``QUANTITIES``.
        arguments: what the quantity is called with.
        bound: *at_least*, *at_most*, *more_than* or *less_than* the threshold, or, of a share of
            replicates, *in_replicates*; *shown* asks for nothing.
        threshold: in the quantity's unit; None of what is shown.
        quoted: what the paper says of this quantity, where the threshold is not just that.
    """

    quantity: str
    arguments: Mapping[str, Any]
    bound: Bound
    threshold: float | None
    quoted: str = ""

    def set_by_configuration(self, measured: Measurement) -> bool:
        """Return whether every value that the configuration allows has the same verdict."""
        if measured.possible is None:
            return False
        exact = [replace(measured, low=value, high=value) for value in measured.possible]
        return self.verdict(exact[0]) == self.verdict(exact[1])

    def verdict(self, measured: Measurement) -> Verdict:
        """Return what follows from a measurement, by its whole interval.

        A share of replicates is a confidence itself: the contrary holds in the rest of them.
        """
        assert self.threshold is not None
        if self.bound == "in_replicates":
            holds, fails = measured.low >= self.threshold, measured.high <= 1 - self.threshold
        elif self.bound == "at_most":
            holds, fails = measured.high <= self.threshold, measured.low > self.threshold
        elif self.bound == "at_least":
            holds, fails = measured.low >= self.threshold, measured.high < self.threshold
        elif self.bound == "more_than":
            holds, fails = measured.low > self.threshold, measured.high <= self.threshold
        else:
            holds, fails = measured.high < self.threshold, measured.low >= self.threshold
        return REPRODUCED if holds else NOT_REPRODUCED if fails else UNDECIDED


@checked(frozen=True)
class Claim:
    """A claim of the paper: see ``claims.yaml``.

    Attributes:
        tests: by comparison, or under *both*.
    """

    id: str
    title: str
    claim: str
    reading: str
    source: Literal["page", "abstract", "unverified"]
    scale: str
    needs: str
    holds: Literal["everywhere", "somewhere"]
    approaches: tuple[str, ...]
    asks: tuple[Literal["seeds", "convergence"], ...]
    tests: Annotated[
        Mapping[Literal["page", "curves", "both"], tuple[Requirement, ...]], Field(min_length=1)
    ]


@dataclass(frozen=True)
class Finding:
    """One test of one claim on one data set and architecture set.

    Attributes:
        comparison: *page*, *curves* or *both*.
        measured: what was measured, or None.
        verdict: what follows from this test alone: a :data:`Verdict`, :data:`SET` or :data:`SHOWN`.
        why: why it is not tested; "" where it is.
    """

    claim: Claim
    comparison: str
    test: Requirement
    dataset: str
    architecture_set: str
    measured: Measurement | None
    verdict: str
    why: str = ""

    @property
    def setting(self) -> tuple[str, str]:
        """The data set and architecture set."""
        return self.dataset, self.architecture_set


def read_claims() -> tuple[Claim, ...]:
    """Return the claims of ``claims.yaml``.

    Raises:
        UserError: a claim names an unknown quantity, or a test has no bound.
    """
    claims = []
    for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        tests = {
            comparison: tuple(_requirement(entry["id"], test) for test in of_comparison)
            for comparison, of_comparison in entry["tests"].items()
        }
        source = FORMER_SOURCES.get(entry.get("source"), entry.get("source"))
        values = entry | {"source": source, "tests": tests}
        claims.append(TypeAdapter(Claim).validate_python(values))
    return tuple(claims)


def _requirement(claim: str, test: Mapping[str, Any]) -> Requirement:
    arguments = dict(test)
    quantity, quoted = arguments.pop("quantity"), arguments.pop("quoted", "")
    if quantity not in QUANTITIES:
        raise UserError(f"claims.yaml: claim '{claim}': unknown quantity '{quantity}'")
    bounds = [bound for bound in get_args(Bound) if bound in arguments]
    if len(bounds) != 1:
        allowed = ", ".join(get_args(Bound))
        raise UserError(f"claims.yaml: claim '{claim}': '{quantity}' needs one of: {allowed}")
    return Requirement(quantity, arguments, bounds[0], arguments.pop(bounds[0]), quoted)


def judge(claims: Sequence[Claim], evidence: Sequence[Evidence]) -> list[Finding]:
    """Return a finding for every test of every claim on every data set and architecture set."""
    return [
        _find(claim, comparison, test, setting)
        for claim in claims
        for setting in evidence
        for comparison, tests in claim.tests.items()
        for test in tests
    ]


def _find(claim: Claim, comparison: str, test: Requirement, evidence: Evidence) -> Finding:
    measured = QUANTITIES[test.quantity](evidence, **test.arguments)
    verdict: str = NOT_TESTED
    known = None if isinstance(measured, Untested) else measured
    why = measured.why if isinstance(measured, Untested) else ""
    if known:
        why = shortcoming(claim, evidence, known.seeds)
        if not why and np.isnan([known.low, known.high]).any():
            why = "it has no interval"
    if test.bound == "shown":
        verdict, why = SHOWN, ""
    elif known and not why:
        verdict = test.verdict(known)
        if test.set_by_configuration(known):
            verdict, why = (SET, "") if verdict == REPRODUCED else (NOT_TESTED, SET)
    return Finding(
        claim, comparison, test, evidence.dataset, evidence.architecture_set, known, verdict, why
    )


def shortcoming(claim: Claim, evidence: Evidence, seeds: int) -> str:
    """Return why a study cannot decide a claim: where nothing was learnt, nothing is claimed.

    Args:
        claim: says what it asks for.
        evidence: of the study.
        seeds: the fewest of anything that is compared.

    Returns:
        "" where it can.
    """
    lacking = [name for name in claim.approaches if name not in evidence.approaches]
    if lacking:
        return f"no {', '.join(map(approach_title, lacking))}"
    if "seeds" in claim.asks and seeds < MINIMUM_SEEDS:
        return f"fewer than {MINIMUM_SEEDS} common seeds"
    if "convergence" in claim.asks:
        converged = evidence.converged(claim.approaches)
        if converged.converged is not True:
            return converged.sentence.partition(":")[0]
    return ""


def verdict_of(
    claim: Claim, findings: Iterable[Finding], comparison: Comparison
) -> tuple[Verdict, str]:
    """Return what follows for a claim from all its tests, and why where it is not tested.

    On a data set and architecture set all tests must have been done, and all be passed; the claim
    holds on every setting, or on one of them, as it says. Settings without all tests do not count.
    """
    by_setting: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.claim.id == claim.id and finding.comparison in (comparison, "both"):
            by_setting.setdefault(finding.setting, []).append(finding)
    verdicts = [_of_setting(of_setting) for of_setting in by_setting.values()]
    tested = [verdict for verdict, _ in verdicts if verdict != NOT_TESTED]
    if not tested:
        return NOT_TESTED, "; ".join(dict.fromkeys(why for _, why in verdicts))
    strongest: Verdict = NOT_REPRODUCED if claim.holds == "everywhere" else REPRODUCED
    order = (strongest, UNDECIDED, NOT_REPRODUCED, REPRODUCED)
    return next(verdict for verdict in order if verdict in tested), ""


def _of_setting(findings: Sequence[Finding]) -> tuple[Verdict, str]:
    why = [finding.why for finding in findings if finding.verdict == NOT_TESTED]
    if why:
        return NOT_TESTED, "; ".join(dict.fromkeys(why))
    measured = [f.verdict for f in findings if f.verdict not in (SET, SHOWN)]
    if not measured:
        return NOT_TESTED, SET
    order: tuple[Verdict, ...] = (NOT_REPRODUCED, UNDECIDED, REPRODUCED)
    return next(verdict for verdict in order if verdict in measured), ""
