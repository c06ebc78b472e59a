"""Time mnbench's training loop against the bare loop, for every network that suits a CPU.

    python benchmarks/bare_loop.py            # about four minutes on one core

The bare loop does forward, backward and step on floats in memory. mnbench's loop also gathers and
normalises batches, watches the loss, counts what it began, and measures. One thread; CPU-seconds.
"""

from collections.abc import Iterator

import torch
from measuring import Row, Way, options, run, save, take_turns
from workload import bare_epoch, first_images, our_epoch, training_set

from mnbench.architectures import ARCHITECTURE_SETS, load_architectures
from mnbench.report.speed import pairs_table

SETS = ("v5-small", "r5-small", "d5-small", "w5-small", "h5-small")
REPEATS = 9


def main() -> None:
    """Print the table and write the results."""
    parser = options("Time mnbench's loop against the bare loop.", REPEATS)
    parser.add_argument("--sets", nargs="+", default=SETS, choices=list(ARCHITECTURE_SETS))
    parser.add_argument("--images", type=int, default=3840, help="of an epoch")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = (
        row for name in arguments.sets for row in of_set(name, arguments.images, arguments.repeats)
    )
    pairs = f"{arguments.repeats} pairs each"
    save(rows, pairs_table, arguments.results, pairs, keeping=("way",))


def of_set(name: str, images: int, repeats: int) -> Iterator[Row]:
    """Time every network of an architecture set."""
    data = training_set(first_images(images))
    for network in load_architectures(name):
        ours = Way(f"{name}, {network.name}", our_epoch(network, data), images)
        bare = Way("the bare loop", bare_epoch(network, data), images)
        yield from take_turns(ours, bare, "images", repeats)


if __name__ == "__main__":
    run(main)
