"""Time planning: nine thousand trainings of the paper's grid, and one ensemble of many networks.

    python benchmarks/planning.py             # about a minute

The trainings are those of config/paper.yaml. The many networks are variants of VGG-16, for Full
Data, Snapshot Ensembles and MotherNets with two values of g, on one seed: ensembles of every size.
A plan is made once: a second time this process would know the networks' counts.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from measuring import Row, options, run, save

from mnbench.architectures.families import vgg
from mnbench.architectures.variants import MAXIMUM_NETWORKS, Rule, variants
from mnbench.checkout import find_approaches
from mnbench.planning import planner
from mnbench.planning.config import read_study
from mnbench.planning.forecast import overview
from mnbench.planning.plan import read_plan
from mnbench.report.speed import lines_table
from mnbench.timing.rows import plan_rows
from mnbench.yaml_files import read_yaml

STUDY = Path(__file__).parents[1] / "config/paper.yaml"
OF_MANY = {
    "full_data": None,
    "snapshot_ensembles": {"epochs_per_cycle": 40},
    "mothernets": {"g": [1, 50]},
}
REPEATS = 3


def main() -> None:
    """Print the table and write the results."""
    parser = options("Time planning.", REPEATS)
    parser.add_argument("--networks", type=int, nargs="+", default=[1000, MAXIMUM_NETWORKS])
    arguments = parser.parse_args()
    pairs = f"medians of {arguments.repeats}, plans once"
    rows = measure(arguments.repeats, arguments.networks)
    save(rows, lines_table, arguments.results, pairs)


def measure(repeats: int, networks: Iterable[int]) -> Iterator[Row]:
    """Yield the lines of the table."""
    wish, approaches = read_yaml(STUDY), find_approaches()
    study = read_study(wish, source=str(STUDY))
    plan, took = timed(lambda: planner.make_plan(study, approaches, source=str(STUDY)))
    named = f"{len(plan.trainings):,} trainings of {STUDY.name}"
    yield {"of": named, "what": "the plan", "cpu_seconds": took}
    with TemporaryDirectory() as folder:
        file = Path(folder, "plan.json")
        plan.write(file)
        works: dict[str, Callable[[], Any]] = {
            "plan.json's text": plan.to_json,
            "reading plan.json, as each job does": lambda: read_plan(file),
            "what each approach trains": lambda: overview(plan),
            "a row for every ensemble": lambda: plan_rows(plan, {}),
        }
        for what, work in works.items():
            yield {"of": named, "what": what, "cpu_seconds": seconds(work, repeats)}
    one = {"datasets": ["cifar10"], "architecture_sets": ["v100"], "approaches": OF_MANY}
    small = replace(read_study(wish | one, source=str(STUDY)), seeds=(0,))
    for number in networks:
        many = variants(vgg(16), Rule(number, layers=2))
        # No set of so many networks comes with the package.
        with mock.patch.object(planner, "load_architectures", lambda name, of=many: of):
            plan, took = timed(lambda: planner.make_plan(small, approaches, source=str(STUDY)))
        named = f"{len(plan.trainings):,} trainings of {number:,} networks"
        yield {"of": named, "what": "the plan", "cpu_seconds": took}
        yield {"of": named, "what": "plan.json's text", "cpu_seconds": timed(plan.to_json)[1]}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what some work returns, and its CPU-seconds."""
    start = time.process_time()
    result = work()
    return result, round(time.process_time() - start, 2)


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median CPU-seconds of some work."""
    return round(statistics.median(timed(work)[1] for _ in range(repeats)), 2)


if __name__ == "__main__":
    run(main)
