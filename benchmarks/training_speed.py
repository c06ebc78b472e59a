"""How fast training is, against the obvious alternatives, side by side in one run.

    python benchmarks/training_speed.py            # about two minutes on two cores

Each line pairs two ways to train the same network on the same images, alternating so that noise
hits both, and gives the medians and their ratio. Only the ratios are meant to be quoted.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        torch.set_num_threads(arguments.train)
        train = in_memory(member(), images())
        train()
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(3):
            train()
        return
    torch.set_num_threads(1)
    data, network = images(), member()
    print("| | images/s | against | images/s | ratio |\n|---|--:|---|--:|--:|")
    row("batches from memory", in_memory(network, data), "a DataLoader", loader(network, data))
    flat = replace(network, stem=Stem())
    row("space-to-depth stem", in_memory(network, data), "no stem", in_memory(flat, data))
    odd = load_odd(network)
    row("filters 8-16-32", in_memory(network, data), "filters 9-17-33", in_memory(odd, data))
    row("two jobs of one thread", jobs(2, 1), "one of two threads", jobs(1, 2), work=(6, 3))


def images() -> Images:
    """The first training images of Fashion-MNIST."""
    everything = load_train("fashion_mnist", root=Path(), download=False)
    return Images(everything.images[:IMAGES], everything.labels[:IMAGES])


def member() -> Architecture:
    """The median member of the default ensemble."""
    return load_architectures("v5-small")[1]


def load_odd(network: Architecture) -> Architecture:
    """The same network with one more filter in every layer."""
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


def in_memory(network: Architecture, data: Images) -> Callable[[], None]:
    """mnbench's own loop for one epoch."""
    device = torch.device("cpu")
    everything = DeviceImages.of(data, device)
    few = DeviceImages(everything.images[:100], everything.labels[:100])
    training_set = TrainingSet(everything, few, _normalisation())
    module = build(network, in_channels=1, num_classes=10)
    return lambda: fit(
        module, training_set, Recipe(epochs=1), seed=0, work=Work(0), phase="benchmark"
    )


def loader(network: Architecture, data: Images) -> Callable[[], None]:
    """The usual loop: a data set of single images, normalised one by one, and a DataLoader."""
    normalise = _normalisation()

    class Single(Dataset):
        def __len__(self) -> int:
            return len(data)

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            image = torch.from_numpy(data.images[index]).unsqueeze(0)
            return normalise(image)[0], int(data.labels[index])

    batches = DataLoader(Single(), batch_size=128, shuffle=True)
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

    return train


def jobs(count: int, threads: int) -> Callable[[], None]:
    """So many processes side by side, each training three epochs with so many threads."""

    def train() -> None:
        command = [sys.executable, __file__, "--train", str(threads)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        running = [subprocess.Popen(command, **pipes) for _ in range(count)]
        for process in running:
            process.stdout.readline()
        train.began = time.perf_counter()
        for process in running:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in running:
            process.wait()

    return train


def row(
    name: str,
    one: Callable[[], None],
    other_name: str,
    other: Callable[[], None],
    work: tuple[int, int] = (1, 1),
) -> None:
    """Time both by turns and print a line; *work* counts the epochs each does."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(REPEATS + 1):
        for train, times in zip((one, other), seconds, strict=True):
            began = time.perf_counter()
            train()
            ended = time.perf_counter()
            if repeat:  # the first is for warming up
                times.append(ended - getattr(train, "began", began))
    speeds = [
        epochs * IMAGES / statistics.median(times)
        for epochs, times in zip(work, seconds, strict=True)
    ]
    ratio = speeds[0] / speeds[1]
    print(f"| {name} | {speeds[0]:,.0f} | {other_name} | {speeds[1]:,.0f} | {ratio:.2f} |")


def _normalisation() -> Normalisation:
    scale, shift = torch.full((2, 1, 1, 1, 1), 1 / 90).unbind()
    return Normalisation(scale, -shift * 73)


if __name__ == "__main__":
    main()
