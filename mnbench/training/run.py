"""Run a training job: the frame around an approach's ``train``, from a plan and an id to a record.

Open it to see what surrounds a training: locks, checks, the record, and what a failure leaves. The
trap: nothing here may import what opens the test images before the training is over.
"""

import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from mnbench.architectures import parameter_count
from mnbench.datasets import Sample, stored
from mnbench.datasets.prepared import check_prepared
from mnbench.errors import UserError
from mnbench.files import only_a_file
from mnbench.locks import held
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.checksums import checksums
from mnbench.records.failure import Failure, Kind, TrainingFailed, leave
from mnbench.records.finished import bring_back, keep_copy
from mnbench.records.paths import StudyPaths
from mnbench.records.record import FILES, KEPT_MOMENTUM, RECORD, WEIGHTS, Record, write_history
from mnbench.records.validity import check_record, standing_of
from mnbench.training import checkpoint
from mnbench.training.data import TrainingSet
from mnbench.training.device import acquire, environment
from mnbench.training.divergence import Diverged
from mnbench.training.job import Job, Trained
from mnbench.training.mistakes import in_one_line
from mnbench.training.preemption import Preempted
from mnbench.training.progress import Progress
from mnbench.training.tensors import save_tensors


def main(
    train: Callable[[Job], Trained], plan_file: Path, id: TrainingId, log: Path | None
) -> None:
    """Run a training as a program, which tells its end by its exit status.

    Args:
        train: the approach's function.
        plan_file: the study's plan.json.
        id: of the training.
        log: a file to log to, beside the terminal.

    Raises:
        SystemExit: the training failed or was interrupted; the reason is on the terminal.
    """
    quiet = os.environ.get("MNBENCH_QUIET") == "1"
    with Progress.to(log, quiet=quiet) as progress:
        try:
            run(train, plan_file, id, progress)
        except KeyboardInterrupt:
            sys.exit(130)  # Snakemake reports the interruption
        except Preempted as end:
            progress.preempted(end.message)
            raise
        except Exception as error:
            mistake = in_one_line(error)
            progress.failed(f"mnbench: {id}: {mistake}" if mistake else traceback.format_exc())
            sys.exit(2 if mistake else 1)


def run(
    train: Callable[[Job], Trained], plan_file: Path, id: TrainingId, progress: Progress
) -> None:
    """Run the training *id* of a plan, and write its record, or one that says why there is none.

    A training whose record is there is not run again, nor one that has lost ``record.json`` alone.

    Raises:
        UserError: the plan, the data or a parent is not what it should be, or training diverged.
    """
    plan = read_plan(plan_file)
    if id not in plan.trainings:
        raise UserError(f"{plan_file}: has no training '{id}'; see the keys of 'trainings'")
    training, paths = plan.trainings[id], StudyPaths(plan_file.parent)
    progress.begin(plan, training)
    # Two processes that train the same network, whoever started them, do so one after the other.
    with held(paths.lock(id), progress.waits):
        bring_back(paths, training)
        if standing_of(id, plan, paths).fault is None:
            _clear(paths, id)  # its job may have been killed just before
            progress.there()
            return
        try:
            _check_parents(plan, training, paths)
            with acquire(plan.device) as device:
                check_prepared(paths.data(id.dataset), stored(training.data))
                images, sample = paths.train_data(id.dataset), Sample.of(training.data)
                data = TrainingSet.read(images, device, sample)
                job = Job(
                    training=training,
                    dataset=plan.dataset(id.dataset),
                    data=data,
                    device=device,
                    records=paths.records,
                    checkpoint=paths.checkpoint(id),
                    progress=progress,
                )
                _write(train(job), job, paths)
        except Exception as error:
            leave(paths, training, _failure(error))
            if isinstance(error, Diverged):  # whoever deletes its record wants it from the start
                _clear(paths, id)
            raise
    progress.end()


def _check_parents(plan: Plan, training: Training, paths: StudyPaths) -> None:
    """Check that every parent left a network, before anything is read."""
    for parent in training.parents:
        check_record(paths.record(parent), plan.trainings[parent])


def _failure(error: Exception) -> Failure:
    """Return what a failed training's record says of an error."""
    reason = in_one_line(error) or f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, TrainingFailed):  # a parent's
        kind: Kind = "failed" if error.failure.kind == "failed" else "not begun"
        return Failure(kind, f"a parent is missing: {reason}")
    return Failure("diverged" if isinstance(error, Diverged) else "failed", reason)


def _write(trained: Trained, job: Job, paths: StudyPaths) -> None:
    """Write the record beside its place, then move it there: a record is whole or absent."""
    # Imported when training is over: what trains cannot reach the test images.
    from mnbench.training.predict import record_predictions

    training = job.training
    final, partial = paths.record(training.id), _partial(paths, training.id)
    shutil.rmtree(partial, ignore_errors=True)  # of a job that was killed
    for folder in (partial, final):
        folder.mkdir(parents=True, exist_ok=True)
    unseen = {"test": paths.test_data(training.id.dataset)}
    if training.data.get("development_images"):
        unseen["development"] = paths.development_data(training.id.dataset)
    record_predictions(trained.network, job.data, unseen, partial)
    write_history(partial, trained.history)
    momentum = {KEPT_MOMENTUM + name: value for name, value in trained.momentum.items()}
    weights = trained.network.state_dict() | momentum
    save_tensors({key: value.contiguous() for key, value in weights.items()}, partial / WEIGHTS)
    Record(
        id=training.id,
        approach=training.approach,
        role=training.role,
        networks=tuple(
            {
                "name": network.name,
                "id": network.id,
                "parameters": parameter_count(network, **job.dataset.image_shape),
                "architecture": network.to_dict(),
            }
            for network in training.networks
        ),
        dataset=job.dataset.name,
        seed=training.seed,
        recipe=job.recipe.plain(),
        recipe_hash=training.recipe_hash,
        parents=training.parents,
        cost=trained.cost,
        environment=environment(job.device, job.recipe.precision),
        details=trained.details,
        checksums=checksums(partial),
    ).write(partial)
    keep_copy(paths, training, partial / RECORD)
    for file in reversed(FILES):  # record.json last
        only_a_file(final / file)
        (partial / file).replace(final / file)
    _clear(paths, training.id)


def _partial(paths: StudyPaths, id: TrainingId) -> Path:
    """Return the folder in which a record is written."""
    return paths.record(id).with_name(f".{id.name}.partial")


def _clear(paths: StudyPaths, id: TrainingId) -> None:
    """Remove what a training needs no more, once its record is there."""
    shutil.rmtree(_partial(paths, id), ignore_errors=True)
    checkpoint.discard(paths.checkpoint(id))
