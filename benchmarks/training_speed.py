"""Time training against the usual alternatives, side by side in one run.

    python benchmarks/training_speed.py            # about three minutes on two cores

Each line pairs two ways to train on the same images. They take turns, so that noise hits both. What
runs in one thread is timed in CPU-seconds, jobs side by side by the clock on the wall.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from measuring import Row, Way, options, run, save, take_turns
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms
from workload import (
    BATCH,
    EPOCH,
    MEAN,
    STD,
    Timed,
    first_images,
    new_network,
    our_epoch,
    training_set,
    unpack_fashion_mnist,
)

from mnbench.architectures import Architecture, Stem, load_architectures
from mnbench.planning.recipe import Augmentation, Recipe
from mnbench.report.speed import pairs_table
from mnbench.training.data import TrainingSet
from mnbench.training.optimiser import new_optimiser

REPEATS = 5
JOB_EPOCHS = 3
SHIFT = 4
AUGMENTED = Recipe(epochs=1, batch_size=BATCH, augmentation=Augmentation(shift=SHIFT, flip=True))


def main() -> None:
    """Print the table and write the results, or train as a job of its own."""
    parser = options("Time training side by side.", REPEATS)
    parser.add_argument("--images", type=int, default=3840, help="of an epoch")
    parser.add_argument("--job", type=int, metavar="THREADS", help="for the script itself")
    arguments = parser.parse_args()
    if arguments.job:
        run_job(arguments.job, arguments.images)
        return
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        unpack_fashion_mnist(Path(folder))
        rows = measure(arguments.images, arguments.repeats, Path(folder))
        save(rows, pairs_table, arguments.results, f"{arguments.repeats} pairs each")


def measure(images: int, repeats: int, folder: Path) -> Iterator[Row]:
    """Yield the pairs of every line."""
    data, network = training_set(first_images(images)), typical_network()

    def epoch(name: str, work: Timed) -> Way:
        return Way(name, work, images)

    ours = our_epoch(network, data)
    flat, odd = replace(network, stem=Stem()), with_odd_filters(network)
    pil = with_torchvision(network, folder, images, [])
    changes = [transforms.RandomCrop(28, padding=SHIFT), transforms.RandomHorizontalFlip()]
    changed = with_torchvision(network, folder, images, changes)
    for way, against in (
        (epoch("batches from memory", ours), epoch("a DataLoader", with_loader(network, data))),
        (epoch("uint8 images in memory", ours), epoch("torchvision and PIL", pil)),
        (
            epoch("shifted and flipped as batches", our_epoch(network, data, AUGMENTED)),
            epoch("torchvision and PIL, one at a time", changed),
        ),
        (epoch("space-to-depth stem", ours), epoch("no stem", our_epoch(flat, data))),
        (epoch("filters 8-16-32", ours), epoch("filters 9-17-33", our_epoch(odd, data))),
        (
            Way("two jobs of one thread", in_jobs(2, 1, images), 2 * JOB_EPOCHS * images),
            Way("one of two threads", in_jobs(1, 2, images), JOB_EPOCHS * images),
        ),
    ):
        yield from take_turns(way, against, "images", repeats)


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


def with_loader(network: Architecture, data: TrainingSet) -> Timed:
    """Return a function that trains an epoch with a DataLoader of single images in memory."""

    class SingleImages(Dataset):
        def __len__(self) -> int:
            return len(data.train)

        def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
            image = data.train.images[index : index + 1]
            return data.normalise(image)[0], data.train.labels[index]

    # All but the loader is as in mnbench's own loop.
    module = new_network(network)
    optimiser = new_optimiser(module, EPOCH)
    loader: DataLoader = DataLoader(SingleImages(), batch_size=BATCH, shuffle=True)
    return loop_over(loader, module, optimiser, torch.channels_last)


def with_torchvision(
    network: Architecture, folder: Path, images: int, changes: list[Callable]
) -> Timed:
    """Return a function that trains an epoch as tutorials write it, from images of PIL.

    Args:
        network: what to train.
        folder: that ``torchvision.datasets`` reads.
        images: of an epoch.
        changes: what is done to an image before it becomes a tensor.
    """
    steps = [*changes, transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    whole = datasets.FashionMNIST(folder, train=True, transform=transforms.Compose(steps))
    loader = DataLoader(Subset(whole, range(images)), batch_size=BATCH, shuffle=True)
    module = new_network(network)
    optimiser = torch.optim.SGD(
        module.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    return loop_over(loader, module, optimiser, torch.contiguous_format)


def loop_over(
    loader: DataLoader,
    module: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    layout: torch.memory_format,
) -> Timed:
    """Return a function that trains an epoch on the batches of a loader, in CPU-seconds."""

    def train() -> float:
        module.train()
        start = time.process_time()
        for batch, labels in loader:
            optimiser.zero_grad()
            logits = module(batch.contiguous(memory_format=layout))
            functional.cross_entropy(logits, labels).backward()
            optimiser.step()
        return time.process_time() - start

    return train


def in_jobs(count: int, threads: int, images: int) -> Timed:
    """Return a function that trains in *count* processes side by side, of *threads* each.

    It returns the seconds on the wall. The processes' start-up is not timed.
    """

    def train() -> float:
        command = [sys.executable, __file__, "--job", str(threads), "--images", str(images)]
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


def run_job(threads: int, images: int) -> None:
    """Warm up, wait for a line of input, then train: a process of :func:`in_jobs`."""
    module = new_network(typical_network())
    data = training_set(first_images(images))
    optimiser = new_optimiser(module, EPOCH)
    batches = data.normalise(data.train.images).split(BATCH)
    loader: DataLoader = DataLoader(
        [*zip(batches, data.train.labels.split(BATCH), strict=True)],  # type: ignore[arg-type]
        batch_size=None,
    )
    torch.set_num_threads(threads)
    train = loop_over(loader, module, optimiser, torch.channels_last)
    train()
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(JOB_EPOCHS):
        train()


if __name__ == "__main__":
    run(main)
