"""The disk that a study's records will take, by formula.

Open it to change what a run refuses to begin for want of space. The trap: a record of networks that
were trained jointly holds their common layers once. Here they count for each: it is a bound.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mnbench.architectures import parameter_count
from mnbench.cores import cores_of_this_process
from mnbench.datasets import Dataset
from mnbench.errors import UserError
from mnbench.planning.forecast import counted
from mnbench.planning.lineage import KEEPS_MOMENTUM
from mnbench.planning.plan import Plan
from mnbench.planning.training_id import TrainingId

BYTES = 4  # of a parameter or a logit
# Of batch normalisation's moments; of record.json and its copy, history.csv and files' own frames.
MORE_WEIGHTS, REST = 1.05, 50_000
REST_OF_STUDY = 200_000_000  # tables, figures and pages
TEMPORARY = 16 << 20  # bytes
GIGABYTE = 1e9


def needed_bytes(plan: Plan, ids: Iterable[TrainingId], *, together: int) -> int:
    """Return the bytes that trainings will write.

    Args:
        plan: the study's plan.
        ids: the trainings that have yet to run.
        together: how many may run at a time, each with a checkpoint of weights and momentum.
    """
    ids = list(ids)
    if not ids:
        return 0
    records = sum(record_bytes(plan, id) for id in ids)
    checkpoints = min(together, len(ids)) * max(2 * _weight_bytes(plan, id) for id in ids)
    images = sum(_images(plan.dataset(name)) for name in {id.dataset for id in ids})
    return records + images + checkpoints + REST_OF_STUDY


def record_bytes(plan: Plan, id: TrainingId) -> int:
    """Return the bytes of a training's record."""
    training, dataset = plan.trainings[id], plan.dataset(id.dataset)
    images = dataset.test_images + training.data["validation_images"]
    images += training.data.get("development_images", 0)
    predictions = len(training.networks) * images * dataset.num_classes * BYTES
    return int(_weight_bytes(plan, id) + predictions + REST)


def _weight_bytes(plan: Plan, id: TrainingId) -> int:
    """Return the bytes of a record's weights, with the momentum that it keeps for others."""
    training, dataset = plan.trainings[id], plan.dataset(id.dataset)
    weights = sum(
        int(MORE_WEIGHTS * BYTES * counted(network, dataset, parameter_count))
        for network in training.networks
    )
    return weights * (2 if training.options.get(KEEPS_MOMENTUM) else 1)


def _images(dataset: Dataset) -> int:
    """Return the bytes of a data set's stored images; a folder's are in the cache as well."""
    copies = 1 if dataset.folder is None else 2
    number = dataset.train_images + dataset.test_images
    return copies * number * dataset.in_channels * dataset.image_size**2


def disk_line(plan: Plan) -> str:
    """Return what a whole study takes, with a training a core at a time."""
    needed = needed_bytes(plan, plan.trainings, together=cores_of_this_process().usable)
    return f"disk: at most {needed / GIGABYTE:.1f} GB"


def check_disk(folder: Path, needed: int) -> None:
    """Check that a folder's disk has room.

    Args:
        folder: where the study will be; it may be missing yet.
        needed: bytes.

    Raises:
        UserError: there is less.
    """
    free = free_bytes(folder)
    if free < needed:
        raise UserError(
            f"{folder}: the study needs {needed / GIGABYTE:.1f} GB more, and {free / GIGABYTE:.1f} "
            "GB are free; free space, or run it on another disk (snakemake --directory)"
        )


def free_bytes(folder: Path) -> int:
    """Return how many bytes are free for a folder, which may be missing yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(there).free


def check_temporary_folder() -> None:
    """Check that the folder for temporary files has room for what Snakemake's scheduler writes.

    Raises:
        UserError: it is full.
    """
    # Not tempfile.gettempdir() first: that one passes over a full folder, and the scheduler
    # does not.
    folder = Path(os.environ.get("TMPDIR") or tempfile.gettempdir())
    if folder.is_dir() and shutil.disk_usage(folder).free < TEMPORARY:
        raise UserError(
            f"{folder}: the folder for temporary files is full; free {TEMPORARY >> 20} MB there, "
            "or name another one in TMPDIR"
        )
