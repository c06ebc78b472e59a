"""Records of one study in several folders, as studies leave them that are its parts.

A large study is run in parts: of other seeds, data sets, architecture sets or approaches, perhaps
on other machines. A training's id and recipe hash do not depend on the part that it is in. So the
whole study's plan says which records it needs, and each is taken from the folder that has it. A
training that is in several folders counts once.

Open this module to change which of several records of one training is taken. The trap: on a GPU, or
on processors of two kinds, the same training gives other bits; then the first folder's count.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mnbench.errors import UserError
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.record import PREDICTIONS, RECORD, Record, read_record
from mnbench.records.store import RecordStore


@dataclass
class Located:
    """Where a plan's records lie.

    Attributes:
        first: the folder of all that are not elsewhere, there or missing.
        elsewhere: the folder of each record that is taken from another one.
        passed_over: a line for each record that is refused and was found good elsewhere.
        other_bits: trainings whose records in two folders predict differently.
    """

    first: Path
    elsewhere: dict[TrainingId, Path] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    other_bits: list[TrainingId] = field(default_factory=list)


def records_folder(folder: Path) -> Path:
    """Return the folder whose subfolders are records: *folder* itself, or the one of a study.

    Raises:
        UserError: it is neither.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder; name a study's folder, or its records/")
    inside = StudyPaths(folder).records
    return inside if inside.is_dir() else folder


def locate(plan: Plan, folders: Sequence[Path]) -> Located:
    """Return in which of several folders each record of a plan lies.

    Of several records of one training the first that can be used is taken.

    Args:
        plan: of the whole study.
        folders: below which a record's id is its path; the first has precedence.

    Raises:
        UserError: a folder has no record of the plan, or two folders have the same training by
            two recipes.
    """
    folders = list(dict.fromkeys(folders))
    holders = {
        id: [folder for folder in folders if (folder / id / RECORD).exists()]
        for id in plan.trainings
    }
    used = {folder for having in holders.values() for folder in having}
    if unused := [folder for folder in folders if folder not in used]:
        raise UserError(
            f"{unused[0]}: has no record of study '{plan.study}'; name the folders of its parts"
        )
    located = Located(folders[0])
    stores = {folder: RecordStore(plan, folder) for folder in folders}
    for id, having in holders.items():
        chosen = having[0] if having else folders[0]
        if len(having) > 1:
            _check_recipes(plan, id, having)
            chosen = _choose(id, [stores[folder] for folder in having], located)
        if chosen != folders[0]:
            located.elsewhere[id] = chosen
    return located


def _check_recipes(plan: Plan, id: TrainingId, folders: Iterable[Path]) -> None:
    """Refuse folders of different studies, which have one training by two recipes."""
    hashes: dict[str, Path] = {}
    for folder in folders:
        with suppress(UserError):  # said when a record is chosen
            hashes.setdefault(read_record(folder / id).recipe_hash, folder / id / RECORD)
    if len(hashes) > 1:
        planned = plan.trainings[id].recipe_hash
        right, wrong = sorted(hashes, key=lambda value: value != planned)[:2]
        raise UserError(
            f"{hashes[wrong]}: key 'recipe_hash': the training of {hashes[right]} by another "
            "recipe, so that the two are no parts of one study; leave one of the folders out"
        )


def _choose(id: TrainingId, stores: Iterable[RecordStore], located: Located) -> Path:
    """Return the folder of the first record that can be used, or the first if none can."""
    good: dict[Path, Record] = {}
    refused: dict[Path, str] = {}
    for store in stores:
        try:
            good[store.root] = store.record(id)
        except UserError as error:
            refused[store.root] = str(error)
    if not good:
        return next(iter(refused))
    located.passed_over += refused.values()
    if len({record.checksums.get(PREDICTIONS) for record in good.values()}) > 1:
        located.other_bits.append(id)
    return next(iter(good))
