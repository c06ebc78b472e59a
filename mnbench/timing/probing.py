"""One kind of step, measured: a few batches of random images, trained by the study's own code.

Open it to change what a step is measured with. The trap: the random images have no pattern, so the
learning rate is next to nothing; otherwise a network could diverge, and none would be measured.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mnbench.checkout import import_approach
from mnbench.datasets import Dataset, Images
from mnbench.datasets.training_set import TrainingData
from mnbench.planning.lineage import Training
from mnbench.timing.calibration import MeasuredKind
from mnbench.timing.kinds import StepKind
from mnbench.training.data import TrainingSet
from mnbench.training.device import Stopwatch
from mnbench.training.job import Job, Trained
from mnbench.training.loop import Row, predict
from mnbench.training.progress import Progress

EPOCHS = 4  # of each probe; the first one warms up
RATE = 1e-6
VALIDATED = 1000  # images, at most


@dataclass(frozen=True)
class Probe:
    """A kind of step, and a training of it."""

    kind: StepKind
    training: Training
    dataset: Dataset


@dataclass(frozen=True)
class Effort:
    """How much is trained to measure a kind."""

    batch_size: int
    steps: int  # of an epoch

    @property
    def images(self) -> int:
        """Images in all steps of all epochs."""
        return self.batch_size * self.steps * EPOCHS


@dataclass(frozen=True)
class Probed:
    """What a probe came to."""

    measured: MeasuredKind
    device_share: float  # of its device that this process had
    seconds_of_flop: float  # of its steps, by the clock on the wall


@dataclass
class _Watched(Progress):
    """Progress that notes when each epoch ended, and prints nothing."""

    terminal: None = None
    log: None = None
    clock: Callable[[], float] = field(kw_only=True)
    ends: list[float] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def epoch(self, row: dict[str, Any], seconds_left: float) -> None:
        """Note an epoch's row and end."""
        self.rows.append(row)
        self.ends.append(self.clock())


def measure_kind(probe: Probe, effort: Effort, device: torch.device, folder: Path) -> Probed:
    """Train a probe for a few steps; return what a step took.

    Args:
        probe: what to measure.
        effort: how many steps, of how many images.
        device: where to train.
        folder: for the checkpoint, which is written as in a study.
    """
    kind = probe.kind
    training = replace(probe.training, recipe=brief(probe.training, effort.batch_size), parents=())
    watch = Stopwatch(device)
    progress = _Watched(clock=watch.seconds)
    data = random_images(probe.dataset, effort.batch_size * effort.steps, device)
    checkpoint = folder / "checkpoint.safetensors"
    job = Job(training, probe.dataset, data, device, folder, checkpoint, progress)
    trained = _train(job, kind)
    checkpoint.unlink(missing_ok=True)
    counted = "cpu_seconds" if device.type == "cpu" else "device_seconds"
    seconds = [row[counted] for row in progress.rows]
    whole = [after - before for before, after in pairwise(progress.ends)]
    watch.start()
    predict(trained.network, data.validation.images, data.normalise)
    validated = len(data.validation)
    forward = watch.seconds() / validated
    # An epoch's seconds are those of its steps, of validation, and of saving the one before.
    rest = [
        all - steps - validated * forward for all, steps in zip(whole, seconds[1:], strict=True)
    ]
    measured = MeasuredKind(
        key=kind.key,
        manner=kind.manner,
        batch_size=effort.batch_size,
        step_seconds=max(float(np.median(seconds[1:])) / effort.steps, 1e-9),
        forward_seconds=max(forward, 1e-12),
        epoch_seconds=max(float(np.median(rest)), 0.0),
        **asdict(kind.sizes),
    )
    share = float(np.median([row["device_share"] for row in progress.rows]))
    flops = effort.images * kind.sizes.training_flops
    return Probed(measured, share, sum(row["device_seconds"] for row in progress.rows) / flops)


def _train(job: Job, kind: StepKind) -> Trained:
    """Train as the approach does if networks are trained jointly, and as all do if it is one."""
    if not kind.jointly:
        return job.fit(job.new_network(), phase="calibration")
    trained: Trained = import_approach(job.training.approach).train(job)
    return trained


def brief(training: Training, batch_size: int) -> dict[str, Any]:
    """Return a training's recipe for a few steps, uncompiled: compiling takes minutes."""
    return training.recipe | {
        "protocol": "epochs",
        "epochs": EPOCHS,
        "batch_size": batch_size,
        "optimiser": training.recipe["optimiser"] | {"learning_rate": RATE},
        "schedule": {"name": "constant"},
        "compile": False,
    }


def random_images(dataset: Dataset, images: int, device: torch.device) -> TrainingSet:
    """Return images of a data set's shape to train on, and others to validate on."""
    rng = np.random.default_rng(0)
    train, validation = (
        noise_images(dataset, number, rng) for number in (images, min(images, VALIDATED))
    )
    ones = np.ones(dataset.in_channels, np.float32)
    return TrainingSet.of(TrainingData(train, validation, ones / 2, ones / 4), device)


def noise_images(dataset: Dataset, number: int, rng: np.random.Generator) -> Images:
    """Return *number* images of noise, of a data set's shape, with labels of every class."""
    shape = (number, dataset.in_channels, dataset.image_size, dataset.image_size)
    labels = np.arange(number, dtype=np.int64) % dataset.num_classes
    return Images(rng.integers(256, size=shape, dtype=np.uint8), labels)
