"""Intervals: what their replicates are, and that they cover what they should."""

import numpy as np
import pytest
from scipy import stats

from mnbench.evaluation.bootstrap import Bootstrap, interval, p_value


def test_images_are_drawn_with_replacement_and_the_same_each_time():
    one, other = Bootstrap((3, 5, 8), 50, 20), Bootstrap((3, 5, 8), 50, 20)
    np.testing.assert_array_equal(one.image_weights, other.image_weights)
    assert one.image_weights.shape == (20, 50)
    np.testing.assert_allclose(one.image_weights.sum(axis=1), 1, rtol=1e-5)
    times = one.image_weights * 50
    np.testing.assert_allclose(times, times.round(), atol=1e-5)
    assert len(np.unique(one.image_weights, axis=0)) == 20


@pytest.mark.parametrize("seeds", [(3, 5), (3, 5, 8), tuple(range(10))])
def test_what_seeds_alone_decide_has_the_unbiased_variance_of_a_mean(seeds):
    values = np.random.default_rng(len(seeds)).normal(0.1, 0.02, size=len(seeds))
    bootstrap = Bootstrap(seeds, 5, 40_000)
    np.testing.assert_allclose(bootstrap.seed_weights(seeds).sum(axis=1), 1)
    again = bootstrap.over_seeds(seeds, values)
    np.testing.assert_array_equal(again, Bootstrap(seeds, 5, 40_000).over_seeds(seeds, values))
    error = stats.sem(values)
    expected = stats.norm.interval(0.95, values.mean(), error)
    np.testing.assert_allclose(interval(again), expected, atol=0.05 * error)
    theirs = 2 * stats.norm.sf(abs(values.mean() - 0.09) / error)
    assert p_value(again - 0.09) == pytest.approx(theirs, abs=0.01)


def test_seeds_of_some_points_are_weighed_anew():
    bootstrap = Bootstrap((0, 1, 2), 50, 200)
    assert (bootstrap.over_seeds([1], np.array([7.0])) == 7).all()
    np.testing.assert_allclose(bootstrap.seed_weights([0, 2]).sum(axis=1), 1)
    # Paired: the same seeds are weighed alike for every point that has them.
    np.testing.assert_array_equal(bootstrap.seed_weights([0, 2]), bootstrap.seed_weights([0, 2]))
    assert np.isnan(bootstrap.over_seeds([], np.empty((0, 200)))).all()


def test_one_seed_varies_by_images_only():
    wrong = np.random.default_rng(0).random(2000) < 0.3
    bootstrap = Bootstrap((0,), 2000, 2000)
    found = bootstrap.over_seeds([0], (bootstrap.image_weights @ wrong)[None])
    theirs = stats.bootstrap(
        (wrong.astype(float),), np.mean, n_resamples=2000, method="percentile", rng=0
    ).confidence_interval
    np.testing.assert_allclose(interval(found), theirs, atol=0.003)


@pytest.mark.parametrize(
    ("seeds", "luck", "least"),
    [(2, 0.3, 0.62), (3, 0.3, 0.74), (5, 0.3, 0.82), (5, 0.0, 0.92), (2, 0.03, 0.9)],
)
def test_intervals_cover_the_truth(seeds, luck, least):
    """As often as is said: less often where few seeds decide, and 95 % where images do."""
    rng = np.random.default_rng(0)
    bootstrap = Bootstrap(tuple(range(seeds)), 400, 400)
    weights = bootstrap.image_weights.T.astype(float)
    truth = stats.norm.sf(1.0, scale=np.sqrt(2 + luck**2))
    covered = []
    for _ in range(200):
        difficulty = rng.normal(0, 1, size=400)
        of_seed = rng.normal(0, luck, size=(seeds, 1))
        wrong = difficulty + of_seed + rng.normal(0, 1, size=(seeds, 400)) > 1.0
        low, high = interval(bootstrap.over_seeds(range(seeds), wrong @ weights))
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= least


def test_an_interval_is_of_the_replicates_that_have_a_figure():
    replicates = np.concatenate([np.arange(101.0), [np.nan] * 50])
    assert interval(replicates) == pytest.approx((2.5, 97.5))
    assert np.isnan(interval(np.full(3, np.nan))).all()


def test_p_is_twice_the_share_of_replicates_beyond_zero_and_close_to_a_t_tests():
    assert p_value(np.arange(1.0, 1000)) == pytest.approx(2 / 1000)
    assert p_value(-np.arange(1.0, 1000)) == pytest.approx(2 / 1000)
    assert p_value(np.zeros(10)) == 1
    assert p_value(np.linspace(-1, 1, 101)) == 1
    assert np.isnan(p_value(np.array([np.nan])))
    # Close to that of a t-test where that one applies.
    rng = np.random.default_rng(0)
    sample = rng.normal(0.15, 1, size=200)
    resamples = sample[rng.integers(200, size=(20_000, 200))].mean(axis=1)
    assert p_value(resamples) == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, abs=0.02)
