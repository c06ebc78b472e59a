"""Intervals: what their replicates are, and that they cover what they should."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnbench.evaluation.bootstrap import Bootstrap, interval, p_value
from mnbench.evaluation.coverage import LUCK, Coverage, coverage_table, simulate

ROOT = Path(__file__).parents[3]


def test_images_are_drawn_with_replacement_and_the_same_each_time():
    one, other = Bootstrap((3, 5, 8), 50, 20), Bootstrap((3, 5, 8), 50, 20)
    np.testing.assert_array_equal(one.image_weights, other.image_weights)
    assert one.image_weights.shape == (20, 50)
    np.testing.assert_allclose(one.image_weights.sum(axis=1), 1, rtol=1e-5)
    times = one.image_weights * 50
    np.testing.assert_allclose(times, times.round(), atol=1e-5)
    assert len(np.unique(one.image_weights, axis=0)) == 20


@pytest.mark.parametrize("seeds", [(3, 5), (3, 5, 8), tuple(range(10))])
def test_what_seeds_alone_decide_has_the_interval_and_p_of_a_t_test(seeds):
    values = np.random.default_rng(len(seeds)).normal(0.1, 0.02, size=len(seeds))
    bootstrap = Bootstrap(seeds, 5, 40_000)
    np.testing.assert_allclose(bootstrap.seed_weights(seeds).sum(axis=1), 1)
    again = bootstrap.over_seeds(seeds, values)
    np.testing.assert_array_equal(again, Bootstrap(seeds, 5, 40_000).over_seeds(seeds, values))
    error = stats.sem(values)
    student = stats.t(len(seeds) - 1, values.mean(), error)
    low, high = student.interval(0.95)
    np.testing.assert_allclose(interval(again), (low, high), atol=0.05 * (high - low))
    theirs = stats.ttest_1samp(values, 0.09).pvalue
    assert p_value(again - 0.09) == pytest.approx(theirs, abs=0.01)


def test_seeds_of_some_points_are_weighed_anew():
    bootstrap = Bootstrap((0, 1, 2), 50, 200)
    assert (bootstrap.over_seeds([1], np.array([7.0])) == 7).all()
    np.testing.assert_allclose(bootstrap.seed_weights([0, 2]).sum(axis=1), 1)
    # Paired: the same seeds are weighed alike for every point that has them.
    np.testing.assert_array_equal(bootstrap.seed_weights([0, 2]), bootstrap.seed_weights([0, 2]))
    assert np.isnan(bootstrap.over_seeds([], np.empty(0))).all()


def test_one_seed_varies_by_images_only():
    wrong = np.random.default_rng(0).random(2000) < 0.3
    bootstrap = Bootstrap((0,), 2000, 2000)
    found = bootstrap.over_seeds(
        [0], np.array([wrong.mean()]), (bootstrap.image_weights @ wrong)[None]
    )
    theirs = stats.bootstrap(
        (wrong.astype(float),), np.mean, n_resamples=2000, method="percentile", rng=0
    ).confidence_interval
    np.testing.assert_allclose(interval(found), theirs, atol=0.003)


def test_images_and_seeds_are_counted_once_each():
    """The variance of replicates is that of the mean over seeds, not thrice their interaction's."""
    rng = np.random.default_rng(0)
    wrong = rng.random((5, 2000)) < 0.3  # nothing but the interaction
    bootstrap = Bootstrap(tuple(range(5)), 2000, 4000)
    resampled = wrong @ bootstrap.image_weights.T.astype(float)
    found = bootstrap.over_seeds(range(5), wrong.mean(axis=1), resampled)
    of_images, of_seeds = wrong.mean(axis=0).std() / np.sqrt(2000), stats.sem(wrong.mean(axis=1))
    width = np.subtract(*interval(found)[::-1]) / (2 * 1.96)
    assert np.hypot(of_images, of_seeds) <= width <= 1.5 * np.hypot(of_images, of_seeds)


@pytest.mark.parametrize(
    ("seeds", "deciding"), [(2, "seeds decide"), (3, "both decide"), (5, "images decide")]
)
def test_intervals_cover_the_truth_and_are_not_much_too_wide(seeds, deciding):
    for coverage in simulate(seeds, deciding, studies=150, images=400, replicates=400):
        assert coverage.held >= 0.9
        assert seeds == 2 or coverage.width <= 2


def test_the_documentation_has_the_table_of_the_simulation():
    shown = (ROOT / "docs/statistics.md").read_text(encoding="utf-8")
    rows = [Coverage("error", 2, deciding, 0.5, 1.0) for deciding in LUCK]
    head, rule, _ = coverage_table(rows).split("\n")
    assert f"{head}\n{rule}\n| error | 2 | " in shown


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
