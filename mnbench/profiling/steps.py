"""Train some steps of a network with the real loop, and measure where their time goes.

Open it to see what is trained and timed. The trap: the steps are trained three times, to warm up,
for their speed and under torch's profiler, each time by :func:`mnbench.training.loop.fit`.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from mnbench.architectures import Architecture, build, training_flops
from mnbench.datasets import Dataset, Images
from mnbench.datasets.images import channel_statistics
from mnbench.datasets.training_set import TrainingData
from mnbench.files import write_text
from mnbench.planning.recipe import Recipe, Schedule
from mnbench.profiling.kinds import BETWEEN, kind_of
from mnbench.profiling.peak import product_peak
from mnbench.training.arithmetic import arithmetic, arithmetic_of
from mnbench.training.data import TrainingSet
from mnbench.training.loop import EPOCH_STEPS, Row, Work, fit

_SEED = 0
VALIDATION_IMAGES = 2  # the loop evaluates after an epoch: of as little as it takes
MOST_IMAGES = 20_000  # of the data set: more would only take memory


@dataclass(frozen=True)
class StepProfile:
    """What some training steps of a network took.

    Attributes:
        network: its name.
        steps: how many were trained.
        images: in all of them.
        flops: of training on those images, by formula.
        seconds: that the steps took, without a profiler; on a CPU of the process's own time.
        peak: FLOPs a second of this machine's matrix products, of the recipe's precision.
        watched_seconds: that the same steps took under the profiler.
        by_kind: how many of those went to each kind of work, most first; together all of them.
    """

    network: str
    steps: int
    images: int
    flops: int
    seconds: float
    peak: float
    watched_seconds: float
    by_kind: Mapping[str, float]


def profile_steps(
    architecture: Architecture,
    dataset: Dataset,
    images: Images,
    recipe: Recipe,
    device: torch.device,
    *,
    steps: int,
    trace: Path | None = None,
) -> StepProfile:
    """Train a new network for some steps of a recipe, and return where their time went.

    Args:
        architecture: of the network.
        dataset: what the images are of.
        images: to train on; each step draws a whole batch, from the first on if need be.
        recipe: its batch size, optimiser, augmentation, precision and compilation.
        device: where to train.
        steps: how many.
        trace: a file for a trace that Chrome or Perfetto shows; None writes none.

    Raises:
        UserError: the loss is no finite number, or the trace cannot be written.
    """
    recipe = replace(recipe, protocol="epochs", epochs=1, schedule=Schedule(name="constant"))
    drawn = steps * recipe.batch_size
    data = _training_set(images, device)
    sample = torch.arange(drawn) % len(data.train)
    size, channels, classes = dataset.image_size, dataset.in_channels, dataset.num_classes
    torch.manual_seed(_SEED)
    network = build(architecture, in_channels=channels, num_classes=classes, image_size=size)
    network.to(device)
    flops = training_flops(architecture, size, in_channels=channels, num_classes=classes)

    def train() -> Row:
        (row,), _ = fit(
            network, data, recipe, seed=_SEED, work=Work(flops), phase="profile", sample=sample
        )
        return row

    train()
    row = train()
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as profiler:
        train()
    watched, by_kind = _parts(profiler, on_gpu=on_gpu)
    if trace is not None:
        _write_trace(profiler, trace)
    kind = arithmetic_of(recipe.precision, device)
    with arithmetic(kind):
        peak = product_peak(device, torch.bfloat16 if kind == "bfloat16" else torch.float32)
    return StepProfile(
        network=architecture.name,
        steps=steps,
        images=row["examples"],
        flops=row["training_flops"],
        seconds=row["device_seconds" if on_gpu else "cpu_seconds"],
        peak=peak,
        watched_seconds=watched,
        by_kind=by_kind,
    )


def _training_set(images: Images, device: torch.device) -> TrainingSet:
    """Put the first images on a device."""
    images = Images(images.images[:MOST_IMAGES], images.labels[:MOST_IMAGES])
    few = Images(images.images[:VALIDATION_IMAGES], images.labels[:VALIDATION_IMAGES])
    return TrainingSet.of(TrainingData(images, few, *channel_statistics(images)), device)


def _parts(profiler: profile, *, on_gpu: bool) -> tuple[float, dict[str, float]]:
    """Return the seconds of the steps, and of each kind of work in them, most first.

    What the loop does before and after, to warm up and to evaluate, is none of it. What no operator
    took is a kind too.
    """
    events = [e for e in profiler.events() or () if e.device_type == DeviceType.CPU]
    spans = [event.time_range for event in events if event.name == EPOCH_STEPS]
    seconds = sum(span.elapsed_us() for span in spans) / 1e6
    taken: dict[str, float] = defaultdict(float)
    for event in events:  # on a GPU an operator has the seconds of its kernels
        when = event.time_range
        if event.name == EPOCH_STEPS or not any(s.start <= when.start < s.end for s in spans):
            continue
        callers, caller = [], event.cpu_parent
        while caller is not None:
            callers.append(caller.name)
            caller = caller.cpu_parent
        microseconds = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        taken[kind_of(event.name, callers)] += microseconds / 1e6
    taken[BETWEEN] = max(0.0, seconds - sum(taken.values()))
    most_first = sorted(taken.items(), key=lambda item: -item[1])
    return seconds, {kind: part for kind, part in most_first if part > 0}


def _write_trace(profiler: profile, trace: Path) -> None:
    """Write a profiler's trace where it was asked for; torch itself alters odd names of files."""
    with TemporaryDirectory(prefix="mnbench-") as folder:
        written = Path(folder, "trace.json")
        profiler.export_chrome_trace(str(written))
        write_text(trace, written.read_text(encoding="utf-8"))
