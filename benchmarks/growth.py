"""Time how cost grows: with the networks of an ensemble, images, parameters and seeds.

    python benchmarks/growth.py            # about three minutes on one core

Every quantity but one is held, and cost is fitted as a power of that one: 1 is linear. Each value
is timed in turns, in CPU-seconds of one thread; FLOPs are counted by formula.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from measuring import Row, options, run, save
from torch import nn
from workload import BATCH, as_a_job, first_images, training_set

from mnbench.architectures import (
    Architecture,
    Layer,
    Plain,
    Stem,
    build,
    load_architectures,
    parameter_count,
    training_flops,
)
from mnbench.mothernets import construct, hatch
from mnbench.planning.recipe import Recipe
from mnbench.report.speed import growth_table
from mnbench.training.data import TrainingSet
from mnbench.training.loop import Work, fit

EPOCHS, HATCHED_EPOCHS = 4, 1
WIDTHS = (1, 2, 3, 4)  # times 8, 16 and 32 filters
CALIBRATION, NOISE = 512, 0.1
Costs = Callable[[], int]  # trains, returns the FLOPs


def main() -> None:
    """Print the table and write the results."""
    parser = options("Time how cost grows.", 3)
    parser.add_argument("--images", type=int, default=640, help="of an epoch")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = measure(arguments.images, arguments.repeats)
    save(rows, growth_table, arguments.results, f"medians of {arguments.repeats}")


def measure(images: int, repeats: int) -> Iterator[Row]:
    """Yield a row a value and repeat of each quantity."""
    data = training_set(first_images(images))
    larger = {scale * images: training_set(first_images(scale * images)) for scale in (1, 2, 4)}
    networks, sizes = load_architectures("v100-small"), (2, 4, 8, 16)
    one = networks[0]
    quantities: dict[str, dict[int, Costs]] = {
        "networks, Full Data": {n: full_data(networks[:n], data) for n in sizes},
        "networks, MotherNets, g = 1": {n: mothernets(networks[:n], data) for n in sizes},
        "training images": {n: full_data([one], part) for n, part in larger.items()},
        "parameters": {
            parameter_count(network, in_channels=1): full_data([network], data)
            for network in map(of_width, WIDTHS)
        },
        "seeds": {n: full_data([one] * n, data) for n in (1, 2, 4)},
    }
    for quantity, values in quantities.items():
        for repeat in range(repeats):
            for value, train in values.items():
                with as_a_job():
                    start = time.process_time()
                    flops = train()
                    seconds = time.process_time() - start
                yield {
                    "quantity": quantity,
                    "value": value,
                    "repeat": repeat,
                    "cpu_seconds": round(seconds, 4),
                    "training_flops": flops,
                }


def of_width(factor: int) -> Architecture:
    """Return a VGG network of *factor* times 8, 16 and 32 filters."""
    blocks = [Plain((Layer(filters * factor),) * 2) for filters in (8, 16, 32)]
    return Architecture(blocks=tuple(blocks), stem=Stem(2), name=f"times {factor}")


def full_data(networks: Sequence[Architecture], data: TrainingSet) -> Costs:
    """Return a function that trains every network from scratch; a place in the list is a seed."""

    def train() -> int:
        return sum(
            epochs(build(network, in_channels=1, num_classes=10), network, data, EPOCHS, seed)
            for seed, network in enumerate(networks)
        )

    return train


def mothernets(members: Sequence[Architecture], data: TrainingSet) -> Costs:
    """Return a function that trains a MotherNet, hatches every member and trains it on."""
    common = construct(members)
    calibration = data.normalise(data.train.images[:CALIBRATION])

    def train() -> int:
        mothernet = build(common, in_channels=1, num_classes=10)
        flops = epochs(mothernet, common, data, EPOCHS, 0)
        for member in members:
            child = hatch(mothernet, common, member, calibration=calibration, noise=NOISE)
            flops += epochs(child, member, data, HATCHED_EPOCHS, 0)
        return flops

    return train


def epochs(
    module: nn.Module, network: Architecture, data: TrainingSet, number: int, seed: int
) -> int:
    """Train a network for a number of epochs; return the FLOPs."""
    work = Work(training_flops(network, data.train.images.shape[-1], in_channels=1, num_classes=10))
    recipe = replace(Recipe(batch_size=BATCH), epochs=number)
    _, cost = fit(module, data, recipe, seed=seed, work=work, phase="")
    return cost.training_flops


if __name__ == "__main__":
    run(main)
