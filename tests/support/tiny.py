"""A tiny study of every approach on real images: what a test can train in seconds."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from mnbench.checkout import approach_modules
from mnbench.datasets import prepare, stored
from mnbench.datasets.prepared import write_note
from mnbench.planning.config import read_study
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.planner import Approach, make_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.validity import Standing
from mnbench.training import loop
from mnbench.training import run as run_module
from mnbench.training.device import Reading, Stopwatch
from mnbench.training.job import Job, Trained
from mnbench.training.progress import Progress
from mnbench.training.run import run

DATASET = "fashion_mnist"
TRAIN, VALIDATION, TEST = 300, 100, 200  # images
SOURCE = "tiny.yaml"
MODULES = approach_modules()
APPROACHES = {
    name: Approach(name, module.Options, module.lineage) for name, module in MODULES.items()
}

# Some approaches have no training of their own: they are references to what others train.
TRAINERS = [name for name, module in MODULES.items() if hasattr(module, "train")]


def config() -> dict[str, Any]:
    """The study's configuration: every approach there is, one epoch each."""
    return {
        "study": "tiny",
        "datasets": [DATASET],
        "architecture_sets": ["v5-small"],
        "seeds": [0],
        "data": {"train_images": TRAIN, "validation_images": VALIDATION},
        "recipe": {"epochs": 1, "batch_size": 64},
        "device": "cpu",
        "approaches": dict.fromkeys(APPROACHES)
        | {
            "treenets": {"shared_layers": 2, "sizes": [2]},
            "snapshot_ensembles": {"epochs_per_cycle": 1},
            "mothernets": {"g": [1, 2], "hatched": {"epochs": 1}},
            "single_network": {"budgets": [1, 2]},
        },
    }


def plan_of(values: dict[str, Any]) -> Plan:
    """Check a configuration and plan it, as Snakemake does."""
    return make_plan(read_study(values, source=SOURCE), APPROACHES, source=SOURCE)


def prepare_study(root: Path) -> StudyPaths:
    """Write the tiny study's plan and data, but no record."""
    paths = StudyPaths(root)
    plan_of(config()).write(paths.plan)
    prepare(
        DATASET,
        root=root / "nowhere",
        download=False,
        train_images=TRAIN,
        validation_images=VALIDATION,
        out=paths.train_data(DATASET).parent,
    )
    change_test_set(paths, lambda images: images[:TEST])
    return paths


def change_test_set(paths: StudyPaths, change: Any) -> None:
    """Replace the test images by *change* of them."""
    file = paths.test_data(DATASET)
    with np.load(file) as arrays:
        images, labels = change(arrays["test_images"]), arrays["test_labels"]
    np.savez(file, test_images=images, test_labels=labels[: len(images)])
    write_note(file.parent, stored(next(iter(read_plan(paths.plan).trainings.values())).data))


def of_approach(plan: Plan, approach: str) -> list[Training]:
    """The trainings that the rule of *approach* runs."""
    return [training for training in plan.trainings.values() if training.approach == approach]


def id_of(paths: StudyPaths, name: str) -> TrainingId:
    """The one training whose id ends with *name*, "approach/name"."""
    (id,) = [id for id in read_plan(paths.plan).trainings if f"{id.approach}/{id.name}" == name]
    return id


def last_of(paths: StudyPaths, approach: str) -> TrainingId:
    """The last training of an approach: one with parents where the approach has any."""
    return of_approach(read_plan(paths.plan), approach)[-1].id


def train(paths: StudyPaths, id: TrainingId) -> None:
    """Run one training job in this process, as if it had the machine to itself.

    A record that is there would not be trained again, and is deleted first.

    On a busy machine its times would be flagged and left out of tables; what the job measures in
    truth is tested where the stopwatch is.
    """

    class Alone(Stopwatch):
        def read(self) -> Reading:
            return replace(super().read(), device_share=1.0)

    shutil.rmtree(paths.record(id), ignore_errors=True)
    with patch.object(loop, "Stopwatch", Alone):
        run(MODULES[id.approach].train, paths.plan, id, Progress(None, None))


def interrupt_after_an_epoch(paths: StudyPaths, id: TrainingId) -> None:
    """Run a training until it has saved one epoch, as an interruption leaves it."""

    class Interrupted(Progress):
        def epoch(self, row: dict[str, Any], seconds_left: float) -> None:
            if row["epoch"] == 2:
                raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        run(MODULES[id.approach].train, paths.plan, id, Interrupted(None, None))


class Reached(BaseException):  # no failure of the training
    """Ends a job that a test has seen enough of."""


def job_of(paths: StudyPaths, id: TrainingId) -> Job:
    """The job that an approach's ``train`` is given for *id*."""
    jobs: list[Job] = []

    def catch(job: Job) -> Trained:
        jobs.append(job)
        raise Reached

    wanted = Standing("a test wants to see its job")
    with patch.object(run_module, "standing_of", lambda *_: wanted):
        try:
            run(catch, paths.plan, id, Progress(None, None))
        except Reached:
            return jobs[0]
    raise AssertionError("train was not called")
