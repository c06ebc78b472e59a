"""The table of every two networks: one seed, and no approach lost by it."""

from types import SimpleNamespace

import numpy as np
import pytest
from support.claim_evidence import FULL, G1, KD, chain
from support.evaluations import evaluation, wrong

from mnbench.evaluation.points import points
from mnbench.evaluation.tables import disagreement
from mnbench.planning.lineage import Training


def table_of(seeds_of):
    """Build the table of points that have these seeds of three; networks of a seed differ."""
    runs = {
        name: [wrong(0.1, seed) if seed in seeds else None for seed in range(3)]
        for name, seeds in seeds_of.items()
    }
    made = evaluation(runs)
    members = {id: place for run in made.evaluated for place, id in enumerate(run.ensemble.members)}
    trainings = {
        id: Training(id, "member", (chain(place),), {}, 0, {}) for id, place in members.items()
    }

    def predictions(id, split):
        classes = np.random.default_rng(sum(map(ord, str(id)))).integers(0, 10, 50)
        return SimpleNamespace(logits=np.eye(10)[classes][None])

    results = SimpleNamespace(
        points=points(made),
        plan=SimpleNamespace(trainings=trainings),
        store=SimpleNamespace(predictions=predictions, evaluated_on="test"),
    )
    return disagreement.build(results)


@pytest.mark.parametrize(
    ("seeds_of", "seed"),
    [
        ({FULL: (0, 1, 2), G1: (0, 1, 2), KD: (0, 1, 2)}, 0),
        ({FULL: (0, 1, 2), G1: (1, 2), KD: (0, 1, 2)}, 1),
        ({FULL: (1, 2), G1: (0, 2), KD: (0, 2)}, 2),
        ({FULL: (0, 1), G1: (0, 2), KD: (1, 2)}, 0),  # no seed of all: the first of equals
    ],
)
def test_the_seed_is_the_first_that_most_ensembles_have(seeds_of, seed):
    table = table_of(seeds_of)
    assert set(table["seed"]) == {seed}
    there = {name[0] for name, seeds in seeds_of.items() if seed in seeds}
    assert set(table["first_approach"]) | set(table["second_approach"]) == there
    networks = 5 * len(there)
    assert len(table) == networks * (networks - 1) / 2
