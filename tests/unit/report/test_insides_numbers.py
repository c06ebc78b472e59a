"""Numbers of what was looked into: means of the rows asked for, and an error without any."""

import pandas as pd
import pytest

from mnbench.report.insides_numbers import Insides


@pytest.fixture
def insides(tmp_path):
    rows = pd.DataFrame(
        {
            "dataset": "fashion_mnist",
            "architecture_set": ["a", "a", "b", "a"],
            "manner": ["early", "early", "early", None],
            "epochs": [1, 1, 1, 2],
            "barrier": [0.1, 0.3, 0.9, 0.7],
        }
    )
    for name in ("hatched", "pairs", "ensembles"):
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    return Insides(tmp_path)


def test_a_mean_is_of_the_rows_asked_for(insides):
    assert insides.mean("pairs", "barrier", "a", "early", epochs=1) == pytest.approx(0.2)
    assert insides.mean("pairs", "barrier", "a", None) == pytest.approx(0.7)


@pytest.mark.parametrize(
    "asked", [("c", "early", {}), ("a", "late", {}), ("a", "early", {"epochs": 3})]
)
def test_what_was_not_measured_is_an_error(insides, asked):
    architecture_set, manner, wanted = asked
    with pytest.raises(KeyError, match="no barrier of"):
        insides.mean("pairs", "barrier", architecture_set, manner, **wanted)
