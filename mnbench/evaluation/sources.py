"""What a study's tables were computed from, to tell whether they are still those of its records.

Open it when tables are computed again that were there. The trap: time stamps say nothing, since
studies are copied; so the records' own text is compared.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mnbench.files import read_json, sha256, write_text
from mnbench.planning.plan import Plan
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD


def sources(plan: Plan, paths: StudyPaths, costs: Sequence[str]) -> dict[str, Any]:
    """Return what decides a study's tables: ensembles, cost axes, and a checksum of each record.

    A record's own text has the checksums of its other files.
    """
    checksums: dict[str, str | None] = {}
    for id in plan.trainings:
        try:
            checksums[str(id)] = sha256(paths.record(id) / RECORD)
        except OSError:
            checksums[str(id)] = None
    return {"ensembles": plan.ensembles_hash, "costs": list(costs), "records": checksums}


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
