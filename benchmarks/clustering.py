"""How long clustering takes, by the size of the ensemble and the number of clusters.

    python benchmarks/clustering.py            # about half a minute on one core

The ensembles are made by the rule of v100 and r100: a base network, and variants of it that differ
in one layer. Up to 100 networks all values of g are searched together, and so take the same time.
"""

import statistics
import time
from collections.abc import Callable

from mnbench.architectures.families import resnet, vgg
from mnbench.architectures.variants import Rule, variants
from mnbench.mothernets import cluster, minimum_g
from mnbench.mothernets.clustering import clustering

BASES = {"VGG-16": vgg(16), "ResNet-32": resnet(32)}
SIZES = {100: (1, 5, 50), 1000: (1, 5, 50, 500)}
TAU = 0.5
REPEATS = 3


def main() -> None:
    """Print the table."""
    print("| variants of | networks | g | CPU-seconds |\n|---|--:|--:|--:|")
    for name, base in BASES.items():
        for size, numbers in SIZES.items():
            networks = variants(base, Rule(size))
            for g in numbers:
                row(name, size, str(g), seconds(lambda g=g, of=networks: cluster(of, g)))
            least = f"{minimum_g(networks, tau=TAU)}, the least for tau = {TAU}"
            row(name, size, least, seconds(lambda of=networks: minimum_g(of, tau=TAU)))


def row(name: str, size: int, g: str, median: float) -> None:
    """Print a line."""
    print(f"| {name} | {size:,} | {g} | {median:.2f} |", flush=True)


def seconds(work: Callable[[], object]) -> float:
    """Median CPU time (one thread), each without what was found before."""
    times = []
    for _ in range(REPEATS):
        clustering.every_g.cache_clear()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
