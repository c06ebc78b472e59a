"""Time training against the usual alternatives, side by side in one run.

    python benchmarks/training_speed.py            # about two minutes on two cores

Each line pairs two ways to train on the same images. They take turns, so that noise hits both. The
line gives medians and their ratio. Quote only the ratios: the rest depends on the machine.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset

from mnbench.architectures import Architecture, Stem, build, load_architectures
from mnbench.datasets import Images, load_train
from mnbench.planning.recipe import Recipe
from mnbench.training.data import DeviceImages, Normalisation, TrainingSet
from mnbench.training.loop import Work, fit

IMAGES = 3840  # 30 batches
REPEATS = 5
JOB_EPOCHS = 3


@dataclass(frozen=True)
class Way:
    """Describe a way to train: its name, a function that trains, and the epochs that it trains.

    The function returns the seconds that training took.
    """

    name: str
    train: Callable[[], float]
    epochs: int = 1


def main() -> None:
    """Print the table, or train as a job of its own."""
    parser = argparse.ArgumentParser(description="Time training side by side.")
    parser.add_argument("--train", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        run_job(arguments.train)
        return
    torch.set_num_threads(1)
    data, network = load_images(), typical_network()
    print("| | images/s | against | images/s | ratio |\n|---|--:|---|--:|--:|")
    memory = in_memory(network, data)
    compare(Way("batches from memory", memory), Way("a DataLoader", with_loader(network, data)))
    flat = in_memory(replace(network, stem=Stem()), data)
    compare(Way("space-to-depth stem", in_memory(network, data)), Way("no stem", flat))
    odd = in_memory(with_odd_filters(network), data)
    compare(Way("filters 8-16-32", in_memory(network, data)), Way("filters 9-17-33", odd))
    compare(
        Way("two jobs of one thread", in_jobs(2, 1), 2 * JOB_EPOCHS),
        Way("one of two threads", in_jobs(1, 2), JOB_EPOCHS),
    )


def load_images() -> Images:
    """Load the first training images of Fashion-MNIST."""
    data = load_train("fashion_mnist", root=Path(), download=False)
    return Images(data.images[:IMAGES], data.labels[:IMAGES])


def typical_network() -> Architecture:
    """Return a network of the default architecture set, of medium size."""
    return load_architectures("v5-small")[1]


def with_odd_filters(network: Architecture) -> Architecture:
    """Return the network with one more filter in every layer."""
    return replace(
        network,
        blocks=tuple(
            replace(
                block,
                layers=tuple(replace(layer, filters=layer.filters + 1) for layer in block.layers),
            )
            for block in network.blocks
        ),
    )


def in_memory(network: Architecture, data: Images) -> Callable[[], float]:
    """Return a function that trains an epoch with mnbench's own loop."""
    images = DeviceImages.of(data, torch.device("cpu"))
    validation = DeviceImages(images.images[:100], images.labels[:100])
    training_set = TrainingSet(images, validation, normalisation())
    module = build(network, in_channels=1, num_classes=10)

    def train() -> None:
        fit(module, training_set, Recipe(epochs=1), seed=0, work=Work(0), phase="benchmark")

    return timed(train)


def with_loader(network: Architecture, data: Images) -> Callable[[], float]:
    """Return a function that trains an epoch the usual way, with a DataLoader of single images."""
    normalise = normalisation()

    class SingleImages(Dataset):
        def __len__(self) -> int:
            return len(data)

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            image = torch.from_numpy(data.images[index]).unsqueeze(0)
            return normalise(image)[0], int(data.labels[index])

    batches = DataLoader(SingleImages(), batch_size=128, shuffle=True)
    # All but the loader is as in mnbench's own loop.
    module = build(network, in_channels=1, num_classes=10).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(
        module.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    )

    def train() -> None:
        module.train()
        for batch, labels in batches:
            optimiser.zero_grad()
            logits = module(batch.contiguous(memory_format=torch.channels_last))
            torch.nn.functional.cross_entropy(logits, labels).backward()
            optimiser.step()

    return timed(train)


def in_jobs(count: int, threads: int) -> Callable[[], float]:
    """Return a function that trains in *count* processes side by side, of *threads* each.

    Their start-up is not timed.
    """

    def train() -> float:
        command = [sys.executable, __file__, "--train", str(threads)]
        jobs = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        for job in jobs:
            assert job.stdout
            job.stdout.readline()
        start = time.perf_counter()
        for job in jobs:
            assert job.stdin
            job.stdin.write("go\n")
            job.stdin.flush()
        for job in jobs:
            job.wait()
        return time.perf_counter() - start

    return train


def run_job(threads: int) -> None:
    """Warm up, wait for a line of input, then train: a process of :func:`in_jobs`."""
    torch.set_num_threads(threads)
    train = in_memory(typical_network(), load_images())
    train()
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(JOB_EPOCHS):
        train()


def timed(train: Callable[[], None]) -> Callable[[], float]:
    """Return a function that trains and returns the seconds that it took."""

    def train_and_time() -> float:
        start = time.perf_counter()
        train()
        return time.perf_counter() - start

    return train_and_time


def compare(way: Way, alternative: Way) -> None:
    """Time both ways in turns and print a line of the table."""
    for warming in (way, alternative):
        warming.train()
    turns = [(way.train(), alternative.train()) for _ in range(REPEATS)]
    speed, alternative_speed = (
        kind.epochs * IMAGES / statistics.median(times)
        for kind, times in zip((way, alternative), zip(*turns, strict=True), strict=True)
    )
    print(
        f"| {way.name} | {speed:,.0f} | {alternative.name} | {alternative_speed:,.0f} "
        f"| {speed / alternative_speed:.2f} |",
        flush=True,
    )


def normalisation() -> Normalisation:
    """Return the normalisation of Fashion-MNIST, roughly."""
    scale, shift = torch.full((2, 1, 1, 1, 1), 1 / 90).unbind()
    return Normalisation(scale, -shift * 73)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
