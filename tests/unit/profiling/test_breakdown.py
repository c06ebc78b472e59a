"""The text of a profile, by hand."""

from dataclasses import replace

import pytest

from mnbench.profiling.breakdown import breakdown, speed_up_at_peak
from mnbench.profiling.steps import StepProfile

# Half of the time goes to layers, which at the peak would need a tenth of it.
PROFILE = StepProfile(
    network="a",
    steps=10,
    images=1000,
    flops=4 * 10**9,
    seconds=2.0,
    peak=2e10,
    watched_seconds=4.0,
    by_kind={"convolution, forward": 1.5, "batch norm, forward": 2.0, "fully connected": 0.5},
)


def test_a_line_for_each_kind_in_the_time_of_an_unwatched_step():
    lines = breakdown(PROFILE).splitlines()
    assert lines[1].split()[-2:] == ["37.5%", "75.000"]
    assert len(lines) == 1 + len(PROFILE.by_kind) + 6


def test_the_speed_is_in_images_and_in_shares_of_the_peak():
    text = breakdown(PROFILE)
    assert "images a second      500\n" in text
    assert "training             2.0 GFLOP/s\n" in text
    assert "share of the peak    10.0%\n" in text


def test_faster_layers_leave_the_rest_as_it_is():
    assert speed_up_at_peak(PROFILE) == pytest.approx(2.0 / (1.0 + 0.2))


def test_layers_as_fast_as_products_leave_nothing_to_gain():
    assert speed_up_at_peak(replace(PROFILE, peak=1e9)) == 1
