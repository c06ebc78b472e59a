"""The bootstrap: what its replicates are, and that its intervals cover what they should."""

import numpy as np
import pytest
from scipy import stats

from mnbench.evaluation.bootstrap import Bootstrap, interval, p_value


def test_replicates_are_resamples_and_the_same_each_time():
    one, other = Bootstrap((3, 5, 8), 50, 20), Bootstrap((3, 5, 8), 50, 20)
    np.testing.assert_array_equal(one.image_weights, other.image_weights)
    np.testing.assert_array_equal(one.seed_counts, other.seed_counts)
    assert one.image_weights.shape == (20, 50)
    np.testing.assert_allclose(one.image_weights.sum(axis=1), 1, rtol=1e-5)
    times = one.image_weights * 50
    np.testing.assert_allclose(times, times.round(), atol=1e-5)
    assert (one.seed_counts.sum(axis=1) == 3).all()
    assert len(np.unique(one.image_weights, axis=0)) == 20


def test_averages_over_the_seeds_drawn():
    bootstrap = Bootstrap((3, 5, 8), 50, 200)
    values = np.stack([np.full(200, 1.0), np.full(200, 2.0), np.full(200, 4.0)])
    found = bootstrap.over_seeds([3, 5, 8], values)
    expected = bootstrap.seed_counts @ [1, 2, 4] / 3
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(bootstrap.over_seeds([3, 5, 8], np.array([1, 2, 4])), expected)


def test_a_missing_seed_is_not_drawn():
    bootstrap = Bootstrap((0, 1), 50, 200)
    found = bootstrap.over_seeds([1], np.full((1, 200), 7.0))
    drawn = bootstrap.seed_counts[:, 1] > 0
    assert (found[drawn] == 7).all() and np.isnan(found[~drawn]).all()
    assert interval(found) == (7, 7)


def test_one_seed_varies_by_images_only():
    wrong = np.random.default_rng(0).random(2000) < 0.3
    bootstrap = Bootstrap((0,), 2000, 2000)
    found = bootstrap.over_seeds([0], (bootstrap.image_weights @ wrong)[None])
    theirs = stats.bootstrap(
        (wrong.astype(float),), np.mean, n_resamples=2000, method="percentile", rng=0
    ).confidence_interval
    np.testing.assert_allclose(interval(found), theirs, atol=0.003)


def test_intervals_cover_the_truth():
    """Errors of seeds and of images that vary: nine in ten intervals hold the truth at the least.

    That is fewer than 95 %, since five seeds are few for a bootstrap.
    """
    rng = np.random.default_rng(0)
    bootstrap = Bootstrap(tuple(range(5)), 400, 400)
    covered = []
    for _ in range(200):
        difficulty = rng.normal(0, 1, size=400)
        luck = rng.normal(0, 0.05, size=(5, 1))
        wrong = difficulty + luck + rng.normal(0, 1, size=(5, 400)) > 1.0
        truth = stats.norm.sf(1.0, scale=np.sqrt(2 + 0.05**2))
        low, high = interval(
            bootstrap.over_seeds(range(5), wrong @ bootstrap.image_weights.T.astype(float))
        )
        covered.append(low <= truth <= high)
    assert 0.9 <= np.mean(covered) <= 1


def test_an_interval_is_of_the_replicates_that_have_a_figure():
    replicates = np.concatenate([np.arange(101.0), [np.nan] * 50])
    assert interval(replicates) == pytest.approx((2.5, 97.5))
    assert np.isnan(interval(np.full(3, np.nan))).all()


def test_p_values():
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
