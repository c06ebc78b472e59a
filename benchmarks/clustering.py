"""Time clustering by the number of networks and of clusters.

    python benchmarks/clustering.py            # about three quarters of a minute on one core

The networks are made by the rule of the sets v100 and r100: a base network, and variants of it that
differ in one layer. Up to 100 networks all values of g are searched together. So they take the same
time.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

from measuring import Row, options, run, save

from mnbench.architectures.families import resnet, vgg
from mnbench.architectures.variants import Rule, variants
from mnbench.mothernets import cluster, minimum_g
from mnbench.mothernets.clustering import clustering
from mnbench.report.speed import clustering_table

BASES = {"VGG-16": vgg(16), "ResNet-32": resnet(32)}
NUMBERS = {100: (1, 5, 50), 1000: (1, 5, 50, 500)}  # values of g by the number of networks
TAU = 0.5
REPEATS = 3


def main() -> None:
    """Print the table and write the results."""
    arguments = options("Time clustering.", REPEATS).parse_args()
    pairs = f"medians of {arguments.repeats}"
    save(measure(arguments.repeats), clustering_table, arguments.results, pairs)


def measure(repeats: int) -> Iterator[Row]:
    """Yield the lines of the table."""
    for name, base in BASES.items():
        for size, numbers in NUMBERS.items():
            networks = variants(base, Rule(size))
            works: dict[str, Callable[[], object]] = {
                str(g): partial(cluster, networks, g) for g in numbers
            }
            least = partial(minimum_g, networks, tau=TAU)
            works[f"{least()}, the minimum for tau = {TAU}"] = least
            for g, work in works.items():
                median = round(seconds(work, repeats), 4)
                yield {"variants_of": name, "networks": size, "g": g, "cpu_seconds": median}


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of one thread, each time without cached results."""
    times = []
    for _ in range(repeats):
        clustering.every_g.cache_clear()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


if __name__ == "__main__":
    run(main)
