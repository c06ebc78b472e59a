"""Whether a training still has to run: by what its record is, never by when it was written.

A record is valid when its recipe's hash is the plan's and its files are those that it was written
with. A valid record is never trained again, whatever happened to time stamps, to Snakemake's own
notes or to the files of others; any other record is.

Open it when a study trains again what you thought was there. The trap: a training that diverged has
a valid record too, which holds no network (:mod:`mnbench.records.failure`). So has one that was not
begun for that reason, but only until its parent is trained: ask :func:`standing_of`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from mnbench.errors import UserError
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.failure import TrainingFailed
from mnbench.records.paths import StudyPaths
from mnbench.records.record import RECORD, Record, read_record
from mnbench.records.refusal import RETRAIN, Unreadable
from mnbench.records.verified import Verified


def check_record(directory: Path, planned: Training) -> Record:
    """Return a record if it is what the plan means; its other files are not looked at.

    Raises:
        UserError: unreadable, or of another training; a :class:`TrainingFailed` if it failed.
    """
    return check_planned(read_record(directory), planned, directory / RECORD)


def check_planned(record: Record, planned: Training, path: Path) -> Record:
    """Return a record that was read from *path* if it is what the plan means.

    Raises:
        UserError: it is of another training, or of another recipe.
    """
    if record.id != planned.id:
        raise UserError(
            f"{path}: key 'id': '{record.id}' does not match its folder '{planned.id}'; {RETRAIN}"
        )
    if record.parents != planned.parents:
        raise UserError(
            f"{path}: key 'parents': {list(map(str, record.parents))}, but the plan says "
            f"{list(map(str, planned.parents))}; {RETRAIN}"
        )
    if record.recipe_hash != planned.recipe_hash:
        raise UserError(
            f"{path}: key 'recipe_hash': trained by another recipe than the plan's; {RETRAIN}"
        )
    return record


@dataclass(frozen=True)
class Standing:
    """What a training has come to."""

    fault: str | None = None  # why it has to run; None: its record is there and valid
    lost: str | None = None  # why it left no network; None: it did, or has not run
    waits: bool = False  # it was not begun, since a parent left no network

    @property
    def final(self) -> bool:
        """Whether it left no network and is not tried again."""
        return self.lost is not None and self.fault is None


def standing_of(
    id: TrainingId, plan: Plan, paths: StudyPaths, verified: Verified | None = None
) -> Standing:
    """Return what a training of a plan has come to, and whether it waits for a parent in vain.

    Args:
        id: of the training.
        plan: the study's.
        paths: the study's.
        verified: what need not be read again; without it every file is.

    Raises:
        Unreadable: a file is there and cannot be read now; to train anew would lose finished work.
    """
    training = plan.trainings[id]
    now = standing(paths.record(id), training, verified)
    if now.waits and any(
        standing_of(parent, plan, paths, verified).final for parent in training.parents
    ):
        return replace(now, fault=None)
    return now


def standing(directory: Path, planned: Training, verified: Verified | None = None) -> Standing:
    """Return what a training has come to, from one look at its record alone.

    Args:
        directory: the record's folder.
        planned: what the record ought to be.
        verified: what need not be read again; without it every file is.

    Raises:
        Unreadable: a file is there and cannot be read now; to train anew would lose finished work.
    """
    try:
        (verified or Verified()).check(directory, check_record(directory, planned))
    except TrainingFailed as error:
        kind, same = error.failure.kind, error.recipe_hash == planned.recipe_hash
        return Standing(
            fault=None if kind == "diverged" and same else str(error),
            lost=f"{kind}: {error.failure.reason}",
            waits=kind == "not begun" and same,
        )
    except Unreadable:
        raise
    except UserError as error:
        return Standing(str(error))
    return Standing()
