"""Time clustering by the number of networks and of clusters.

    python benchmarks/clustering.py            # about three quarters of a minute on one core

The networks are made by the rule of the sets v100 and r100: a base network, and variants of it that
differ in one layer. Up to 100 networks all values of g are searched together. So they take the same
time.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from mnbench.architectures.families import resnet, vgg
from mnbench.architectures.variants import Rule, variants
from mnbench.mothernets import cluster, minimum_g
from mnbench.mothernets.clustering import clustering

BASES = {"VGG-16": vgg(16), "ResNet-32": resnet(32)}
NUMBERS = {100: (1, 5, 50), 1000: (1, 5, 50, 500)}  # values of g by the number of networks
TAU = 0.5
REPEATS = 3


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description="Time clustering.").parse_args()
    print("| variants of | networks | g | CPU-seconds |\n|---|--:|--:|--:|")
    for name, base in BASES.items():
        for size, numbers in NUMBERS.items():
            networks = variants(base, Rule(size))
            for g in numbers:
                print_row(name, size, str(g), seconds(partial(cluster, networks, g)))
            work = partial(minimum_g, networks, tau=TAU)
            print_row(name, size, f"{work()}, the minimum for tau = {TAU}", seconds(work))


def print_row(name: str, size: int, g: str, median: float) -> None:
    """Print a line of the table."""
    print(f"| {name} | {size:,} | {g} | {median:.2f} |", flush=True)


def seconds(work: Callable[[], object]) -> float:
    """Return the median CPU time of one thread, each time without cached results."""
    times = []
    for _ in range(REPEATS):
        clustering.every_g.cache_clear()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
