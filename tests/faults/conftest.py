"""The undisturbed study, copies of it to spoil, and the table of faults at the end of a run."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from support.fault_study import finish, lay_out

from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD

FAULT = "fault"  # the property of a test's report that names a fault


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    """Return the study as an undisturbed run leaves it, to be read only."""
    folder = tmp_path_factory.mktemp("undisturbed")
    paths = lay_out(folder)
    finish(folder)
    # A second run has a note of what was verified.
    shutil.rmtree(next(record.parent for record in paths.records.rglob(RECORD)))
    finish(folder)
    return paths


@pytest.fixture
def study(reference: StudyPaths, tmp_path: Path) -> StudyPaths:
    """Return a finished copy of the study, to be spoiled at will."""
    folder = tmp_path / "study"
    shutil.copytree(reference.root.parents[1], folder)
    return StudyPaths(folder / "results/tiny")


@pytest.fixture
def injected(record_property):
    """Return a function that counts a fault: what was spoiled, and how."""
    return lambda what, how: record_property(FAULT, f"{what} | {how}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many faults of each kind were injected, and how many the study survived."""
    kinds: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, fault in getattr(report, "user_properties", []):
                if name == FAULT:
                    what, _, how = fault.partition(" | ")
                    kinds.setdefault(what, Counter()).update([outcome, how])
    if not kinds:
        return
    terminalreporter.section("faults injected")
    for what, counts in sorted(kinds.items()):
        passed, failed = counts.pop("passed", 0), counts.pop("failed", 0)
        ways = ", ".join(f"{how} {count}" for how, count in sorted(counts.items()))
        terminalreporter.line(f"{what}: {passed} of {passed + failed} survived ({ways})")
    total = sum(sum(counts.values()) for counts in kinds.values())
    terminalreporter.line(f"in all: {total} faults")
