"""What a study's tables were computed from, to tell whether they are still those of its records.

Open it when tables are computed again that were there. The trap: time stamps say nothing, since
studies are copied; so the records' own text is compared, and the tables' with what was written.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mnbench.datasets.registry import TEST_SET
from mnbench.files import read_json, sha256, write_text
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import RECORD


def sources(
    plan: Plan,
    record: Callable[[TrainingId], Path],
    costs: Sequence[str],
    evaluated_on: str = TEST_SET,
) -> dict[str, Any]:
    """Return what decides a study's tables: ensembles, cost axes, and a checksum of each record.

    A record's own text has the checksums of its other files. The set that the tables are of is
    named unless it is the test set.

    Args:
        plan: the study's plan.
        record: returns the folder of a training's record.
        costs: the cost axes.
        evaluated_on: the set that the tables are of.
    """
    named = {} if evaluated_on == TEST_SET else {"evaluated_on": evaluated_on}
    checksums = {str(id): _checksum(record(id) / RECORD) for id in plan.trainings}
    return {"ensembles": plan.ensembles_hash, "costs": list(costs), "records": checksums} | named


def with_tables(content: dict[str, Any], tables: Iterable[Path]) -> dict[str, Any]:
    """Return what decides a study's tables together with a checksum of each table."""
    return content | {"tables": {path.name: _checksum(path) for path in tables}}


def _checksum(path: Path) -> str | None:
    """Return a file's SHA-256, or None if there is no such file."""
    try:
        return sha256(path)
    except OSError:
        return None


def read_sources(path: Path) -> dict[str, Any] | None:
    """Return what :func:`write_sources` wrote, or None if there is nothing to read."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None


def write_sources(path: Path, content: dict[str, Any]) -> None:
    """Write what the tables were computed from, when they are there.

    Raises:
        UserError: the file cannot be written.
    """
    write_text(path, json.dumps(content, indent=1) + "\n")
