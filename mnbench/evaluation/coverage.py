"""How often an interval of :mod:`mnbench.evaluation.bootstrap` holds the truth, by simulation.

Open this module to judge another bootstrap: change that one, run this one. It prints the table that
docs/statistics.md shows, which needs a minute: ``python -m mnbench.evaluation.coverage``.

Two approaches are trained on the same seeds and tested on the same images. A network is wrong about
an image where the image's difficulty, the approach's own trouble with it, the seed's luck and a
chance of image and seed together come to more than a threshold; all are normal, so the true error
is known. The trap: coverage from 1,000 studies is itself uncertain, by 1.4 percentage points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import norm

from mnbench.evaluation.bootstrap import Bootstrap, interval

NUMBERS_OF_SEEDS = (2, 3, 5, 10)
LUCK = {"images decide": 0.0, "both decide": 0.1, "seeds decide": 0.3}  # deviation of a seed's luck
DIFFICULTY, TROUBLE, CHANCE = 1.0, 0.5, 0.5  # the other deviations
THRESHOLD = 1.6
BETTER = 0.1  # by so much the second approach finds every image easier


@dataclass(frozen=True)
class Coverage:
    """How an interval of 95 % did over simulated studies.

    Attributes:
        quantity: *error* of one approach, or *difference* of two.
        seeds: of each study.
        deciding: what decides the quantity, a key of :data:`LUCK`.
        held: share of the studies whose interval holds the truth.
        width: mean width, as a multiple of the narrowest interval that would hold it in 95 %.
    """

    quantity: str
    seeds: int
    deciding: str
    held: float
    width: float


def simulate(
    seeds: int, deciding: str, studies: int, images: int = 1000, replicates: int = 400
) -> tuple[Coverage, Coverage]:
    """Return the coverage of one approach's error, and of the difference of two."""
    rng = np.random.default_rng(0)
    bootstrap = Bootstrap(tuple(range(seeds)), images, replicates)
    weights = bootstrap.image_weights.T.astype(float)
    luck = LUCK[deciding]
    spread = np.sqrt(DIFFICULTY**2 + TROUBLE**2 + luck**2 + CHANCE**2)
    first, second = (float(norm.sf(x / spread)) for x in (THRESHOLD, THRESHOLD + BETTER))
    truths = {"error": first, "difference": first - second}
    estimates: dict[str, list[float]] = {name: [] for name in truths}
    intervals: dict[str, list[tuple[float, float]]] = {name: [] for name in truths}
    for _ in range(studies):
        difficulty = rng.normal(0, DIFFICULTY, images)
        of_first, of_second = (
            difficulty
            + rng.normal(0, TROUBLE, images)
            + rng.normal(0, luck, (seeds, 1))
            + rng.normal(0, CHANCE, (seeds, images))
            > threshold
            for threshold in (THRESHOLD, THRESHOLD + BETTER)
        )
        wrong = {"error": of_first.astype(float), "difference": of_first.astype(float) - of_second}
        for name, of_seeds in wrong.items():
            values = of_seeds.mean(axis=1)
            found = bootstrap.over_seeds(range(seeds), values, of_seeds @ weights)
            estimates[name].append(float(values.mean()))
            intervals[name].append(interval(found))
    error, difference = (
        _coverage(name, seeds, deciding, truth, estimates[name], intervals[name])
        for name, truth in truths.items()
    )
    return error, difference


def _coverage(
    quantity: str,
    seeds: int,
    deciding: str,
    truth: float,
    estimates: Sequence[float],
    intervals: Sequence[tuple[float, float]],
) -> Coverage:
    held = np.mean([low <= truth <= high for low, high in intervals])
    width = np.mean([high - low for low, high in intervals])
    narrowest = 2 * norm.ppf(0.975) * np.std(estimates)
    return Coverage(quantity, seeds, deciding, float(held), float(width / narrowest))


def coverage_table(rows: Sequence[Coverage]) -> str:
    """Return the table of docs/statistics.md: coverage, and width in brackets."""
    cells = {(row.quantity, row.seeds, row.deciding): row for row in rows}
    lines = [f"| quantity | seeds | {' | '.join(LUCK)} |", f"|---|--:|{'--:|' * len(LUCK)}"]
    for quantity, seeds in dict.fromkeys((row.quantity, row.seeds) for row in rows):
        of_row = [cells[quantity, seeds, deciding] for deciding in LUCK]
        shown = " | ".join(f"{100 * cell.held:.0f} % ({cell.width:.1f})" for cell in of_row)
        lines.append(f"| {quantity} | {seeds} | {shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    simulated = [
        coverage
        for seeds, deciding in product(NUMBERS_OF_SEEDS, LUCK)
        for coverage in simulate(seeds, deciding, studies=1000)
    ]
    print(coverage_table(sorted(simulated, key=lambda row: row.quantity != "error")))
