"""Precision: components are found again in made-up studies, and predict what the bootstrap says."""

import math

import numpy as np
import pandas as pd
import pytest
from support.evaluations import evaluation, table, wrong

from mnbench.errors import UserError
from mnbench.evaluation.bootstrap import Bootstrap, interval
from mnbench.evaluation.precision import Components, components
from mnbench.evaluation.tables.components import COLUMNS, read_components
from mnbench.report.precision import seeds_needed


def simulated(seeds: int, images: int, parts: Components) -> tuple[np.ndarray, np.ndarray]:
    """Return the value of each seed, and on every replicate's images, of a made-up quantity."""
    rng = np.random.default_rng(0)
    answers = (
        rng.normal(0, np.sqrt(parts.seed), (seeds, 1))
        + rng.normal(0, np.sqrt(parts.image), images)
        + rng.normal(0, np.sqrt(parts.both), (seeds, images))
    )
    weights = Bootstrap(tuple(range(seeds)), images, 500).image_weights.T.astype(float)
    return answers.mean(axis=1), answers @ weights


def test_the_components_of_a_made_up_study_are_found_again():
    truth = Components(seed=0.05, image=1.0, both=0.5)
    found = components(*simulated(200, 1000, truth), 1000)
    assert found.seed == pytest.approx(0.05, rel=0.2)
    assert found.image == pytest.approx(1.0, rel=0.2)
    assert found.both == pytest.approx(0.5, rel=0.2)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("seed_variance", [0.0, 0.001, 0.05])
def test_they_predict_the_half_width_of_the_bootstrap(seeds, seed_variance):
    values, resampled = simulated(seeds, 1000, Components(seed_variance, 1.0, 0.5))
    bootstrap = Bootstrap(tuple(range(seeds)), 1000, 500)
    low, high = interval(bootstrap.over_seeds(range(seeds), values, resampled))
    predicted = components(values, resampled, 1000).half_width(seeds, 1000)
    assert predicted == pytest.approx((high - low) / 2, rel=0.3)


def test_images_do_what_seeds_cannot():
    parts = Components(2e-5, 0.3, 0.1)
    assert parts.seeds_for(0.0025, 10_000) is None
    assert parts.images_for(0.0025, 3) == float("inf")
    images = parts.images_for(0.0025, 20)
    assert parts.half_width(20, images) == pytest.approx(0.0025)


def test_more_seeds_help_only_where_seeds_decide():
    of_images, of_seeds = Components(0.0, 0.1, 0.0), Components(1e-5, 0.0, 0.0)
    assert of_images.half_width(2, 1000) == of_images.half_width(50, 1000)
    assert of_images.seeds_for(0.001, 1000) is None
    needed = of_seeds.seeds_for(0.002, 1000)
    assert needed is not None
    assert of_seeds.half_width(needed, 1000) <= 0.002 < of_seeds.half_width(needed - 1, 1000)


def test_the_table_has_each_error_and_its_difference_from_full_data():
    full, mine = ("full_data", None, 1.0, 5), ("mothernets", 1, 1.0, 5)
    study = evaluation({full: [wrong(0.1, s) for s in range(3)], mine: [wrong(0.2)] * 3})
    rows = table("components", study)
    assert rows["against"].fillna("").tolist() == ["", "", "full_data"]
    of_error = rows.iloc[1]  # the same images are wrong with every seed: images alone decide
    parts = read_components(of_error)
    # Rounding differs between CPUs: the mean of three equal values may be off by its last bit.
    assert parts.seed == pytest.approx(0, abs=1e-12)
    assert parts.both == pytest.approx(0, abs=1e-6)
    assert parts.image == pytest.approx(0.2 * 0.8, rel=0.1)
    of_one_seed = table("components", evaluation({full: [wrong(0.1)]})).iloc[0]
    assert np.isnan(read_components(of_one_seed).seed)


def test_a_plan_says_what_a_half_width_takes():
    columns = {"dataset": "fashion_mnist", "architecture_set": "v5-small", "approach": "bagging"}
    columns |= {
        "g": None,
        "budget": 1.0,
        "size": 5,
        "variant": "",
        "against": "full_data",
        "seeds": 3,
    }
    rows = [
        columns
        | {"images": 10_000, "half_width": 0.004}
        | dict(zip(("seed_variance", "image_variance", "interaction_variance"), parts, strict=True))
        for parts in ((1e-6, 0.01, 0.01), (0.0, 0.5, 0.0))
    ]
    head, seeds, images = seeds_needed(pd.DataFrame(rows), 0.0025).splitlines()
    assert head == "For 0.25 points to each side, of the difference from Full Data:"
    needed = Components(1e-6, 0.01, 0.01).seeds_for(0.0025, 10_000)
    assert seeds == (f"  fashion_mnist, v5-small: Bagging: {needed} seeds (0.40 with 3 seeds)")
    needed = Components(0.0, 0.5, 0.0).images_for(0.0025, 5)
    assert f"5 seeds and {math.ceil(needed):,} test images in place of 10,000" in images
    no_table, no_rows = pd.DataFrame({"dataset": []}), pd.DataFrame(columns=list(COLUMNS))
    for made, why in ((no_table, "no column"), (no_rows, "of two seeds")):
        with pytest.raises(UserError, match=why):
            seeds_needed(made, 0.01)
