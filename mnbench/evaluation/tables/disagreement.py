"""Table ``disagreement``: how often every two networks of a seed predict different classes.

Open it for the numbers behind the disagreement map. The trap: it has one seed and budget 1 only;
means over the seeds are in ``estimates``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mnbench.evaluation.evaluate import EvaluatedEnsemble
from mnbench.evaluation.metrics.pairwise import disagreement_matrix
from mnbench.evaluation.points import Point, full_size
from mnbench.evaluation.results import StudyResults
from mnbench.evaluation.tables.columns import SETTING, frame, prefixed, setting_columns

TITLE = "Disagreement of every two networks of one seed"

NETWORK = {
    "approach": "approach whose ensemble it is in",
    "g": "number of clusters of that ensemble (MotherNets only)",
    "position": "place in that ensemble, from 1",
    "network": "its name",
    "parent": "last part of the id of the record it started or learned from; empty if none",
}
COLUMNS = {
    **SETTING,
    "seed": "seed of the repetition: the first that most of the ensembles have",
    **prefixed(NETWORK, "first_", "the first network"),
    **prefixed(NETWORK, "second_", "the second network"),
    "disagreement": "fraction of test images on which the two predict different classes",
}


@dataclass(frozen=True, eq=False)
class Member:
    """One network of a full-size ensemble, with its predicted classes ``(images,)``."""

    columns: dict[str, Any]
    classes: np.ndarray


def build(results: StudyResults) -> pd.DataFrame:
    """Return one row for every two networks of one seed's full-size ensembles at budget 1.

    It is the first seed, unless more of the ensembles have another. A network of several ensembles
    is listed under the first of them: MotherNets with g = ensemble size are Full Data's networks.
    """
    rows = []
    for setting, points in results.points.items():
        chosen = [
            point for point in full_size(points) if (point.id.budget, point.id.variant) == (1, "")
        ]
        if not chosen:
            continue
        seed = _commonest_seed(chosen)
        networks = _networks(results, chosen, seed)
        matrix = disagreement_matrix(np.stack([network.classes for network in networks]))
        for i, j in zip(*np.triu_indices(len(networks), k=1), strict=True):
            rows.append(
                setting_columns(setting)
                | {"seed": seed, "disagreement": matrix[i, j]}
                | {f"first_{name}": value for name, value in networks[i].columns.items()}
                | {f"second_{name}": value for name, value in networks[j].columns.items()}
            )
    return frame(rows, COLUMNS)


def _commonest_seed(points: Sequence[Point]) -> int:
    """Return the seed that most points have, the first of equals in the study's order."""
    seeds = points[0].bootstrap.seeds
    return max(seeds, key=lambda seed: sum(seed in point.seeds for point in points))


def _networks(results: StudyResults, points: list[Point], seed: int) -> list[Member]:
    """Return every distinct network of the points' ensembles of one seed."""
    networks: list[Member] = []
    listed: set = set()
    for point in points:
        runs = [run for run in point.runs if run.ensemble.seed == seed]
        for run in runs:
            networks += _of_ensemble(results, run, listed)
            listed.update(run.ensemble.members)
    return networks


def _of_ensemble(results: StudyResults, run: EvaluatedEnsemble, listed: set) -> list[Member]:
    networks = []
    position = 0
    for member in run.ensemble.members:
        training = results.plan.trainings[member]
        logits = results.store.predictions(member, results.store.evaluated_on).logits
        parent = training.parents[0] if training.parents else None
        for architecture, of_network in zip(training.networks, logits, strict=True):
            position += 1
            if member in listed:
                continue
            columns = {
                "approach": run.ensemble.approach,
                "g": run.ensemble.g,
                "position": position,
                "network": architecture.name,
                "parent": results.plan.trainings[parent].name if parent else "",
            }
            networks.append(Member(columns, of_network.argmax(axis=-1)))
    return networks
