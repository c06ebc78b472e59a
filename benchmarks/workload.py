"""The work that the benchmarks time: images in memory, and epochs of mnbench's loop or a bare one.

Open it to change the data or the recipe of several scripts. The trap: the bare loop must do all
that a training cannot do without, on the same network, and nothing else.
"""

import gzip
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

import mnbench.datasets
from mnbench.architectures import Architecture, build
from mnbench.datasets import Images, TrainingData, load_train
from mnbench.datasets.prepare import channel_statistics
from mnbench.planning.recipe import Recipe
from mnbench.training.data import TrainingSet
from mnbench.training.device import acquire
from mnbench.training.loop import Work, fit
from mnbench.training.optimiser import new_optimiser

BATCH = 128
MEAN, STD = (0.2860,), (0.3530,)  # of Fashion-MNIST's training images, as scripts have them
EPOCH = Recipe(epochs=1, batch_size=BATCH)
VALIDATION = 100
Timed = Callable[[], float]  # does some work, returns the seconds that it took


def first_images(number: int) -> Images:
    """Return the first training images of Fashion-MNIST, which come with the package."""
    data = load_train("fashion_mnist", root=Path(), download=False)
    return Images(data.images[:number], data.labels[:number])


def training_set(images: Images) -> TrainingSet:
    """Return images as mnbench's loop takes them."""
    validation = Images(images.images[:VALIDATION], images.labels[:VALIDATION])
    data = TrainingData(images, validation, *channel_statistics(images))
    return TrainingSet.of(data, torch.device("cpu"))


def new_network(network: Architecture) -> nn.Module:
    """Return a network of an architecture, always with the same weights."""
    torch.manual_seed(0)
    return build(network, in_channels=1, num_classes=10)


@contextmanager
def as_a_job():  # type: ignore[no-untyped-def]
    """Set torch up as a job does, and leave it as it was."""
    with acquire("cpu"), tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
    torch.use_deterministic_algorithms(False)


def our_epoch(network: Architecture, data: TrainingSet, recipe: Recipe = EPOCH) -> Timed:
    """Return a function that trains an epoch with mnbench's loop, as a job does.

    It returns the CPU-seconds that are billed. The counts of what was begun are kept in a file, and
    the optimiser keeps its momentum between turns, as it does between epochs.
    """
    module = new_network(network)
    optimiser = new_optimiser(module, recipe)

    def train() -> float:
        with as_a_job() as folder:
            history, _ = fit(
                module,
                data,
                recipe,
                seed=0,
                work=Work(0),
                phase="",
                optimiser=optimiser,
                checkpoint_file=folder / "checkpoint.safetensors",
            )
        return sum(row["cpu_seconds"] for row in history)

    return train


def bare_epoch(network: Architecture, data: TrainingSet) -> Timed:
    """Return a function that trains an epoch bare: forward, backward, step, and nothing else.

    Images are floats already, normalised and in batches. The network, its layout and the optimiser
    are those of mnbench. The function returns CPU-seconds.
    """
    module = new_network(network)
    optimiser = new_optimiser(module, EPOCH)
    images, labels = data.normalise(data.train.images).split(BATCH), data.train.labels.split(BATCH)

    def train() -> float:
        module.train()
        start = time.process_time()
        for batch, wanted in zip(images, labels, strict=True):
            optimiser.zero_grad()
            functional.cross_entropy(module(batch), wanted).backward()
            optimiser.step()
        return time.process_time() - start

    return train


def unpack_fashion_mnist(folder: Path) -> None:
    """Write the package's Fashion-MNIST where ``torchvision.datasets`` looks for it."""
    raw = folder / "FashionMNIST/raw"
    raw.mkdir(parents=True, exist_ok=True)
    for packed in Path(mnbench.datasets.__file__).parent.glob("fashion_mnist/*.gz"):
        with gzip.open(packed) as source, (raw / packed.stem).open("wb") as target:
            shutil.copyfileobj(source, target)
