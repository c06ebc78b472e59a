"""A training that left no network: what it leaves instead, so that everything else can go on.

Its ``record.json`` says why. A training that *diverged* would do so again, being deterministic: it
is not repeated until its recipe changes. One that *failed* (memory, disk, a parent's failure) is
tried again by the next run. One that was *not begun*, since what it is trained from diverged, waits
for its parent: it is trained once that is (:mod:`mnbench.records.validity`).

Open it to see what tables say about a missing network. The trap: a failure has no predictions, no
weights and no cost, and whatever reads records must be ready for it.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from mnbench.errors import UserError
from mnbench.files import write_text
from mnbench.planning.lineage import Training
from mnbench.records.paths import StudyPaths

Kind = Literal["diverged", "failed", "not begun"]
KEY = "failure"  # of record.json


@dataclass(frozen=True)
class Failure:
    """Why a training left no network."""

    kind: Kind
    reason: str  # one line, without a full stop

    def write(self, path: Path, *, id: str, recipe_hash: str) -> None:
        """Write the ``record.json`` of a training that failed.

        Raises:
            UserError: the file cannot be written.
        """
        content = {"id": id, "recipe_hash": recipe_hash, KEY: asdict(self)}
        write_text(path, json.dumps(content, indent=2) + "\n")


def leave(paths: StudyPaths, training: Training, failure: Failure) -> None:
    """Write a failed training's record, if the disk lets us: nothing depends on its being there."""
    with suppress(UserError):
        directory = paths.record(training.id)
        failure.write(
            directory / "record.json", id=str(training.id), recipe_hash=training.recipe_hash
        )


_SAID: dict[Kind, tuple[str, str]] = {  # what a training did, and when it is trained
    "diverged": ("diverged", "it is trained again when its recipe changes"),
    "failed": ("failed", "run snakemake again to repeat it"),
    "not begun": ("was not begun", "it is trained once its parent is"),
}


class TrainingFailed(UserError):
    """Raised by whoever reads the record of a training that left no network."""

    def __init__(self, path: Path, failure: Failure, recipe_hash: str) -> None:
        verb, remedy = _SAID[failure.kind]
        super().__init__(f"{path}: the training {verb}: {failure.reason}; {remedy}")
        self.failure = failure
        self.recipe_hash = recipe_hash


def failure_in(content: dict[str, Any], path: Path) -> TrainingFailed | None:
    """Return the failure that the content of a ``record.json`` tells of, if it does.

    Raises:
        TypeError, KeyError: the content is no failure that this version writes.
    """
    if KEY not in content:
        return None
    return TrainingFailed(path, Failure(**content[KEY]), content["recipe_hash"])
