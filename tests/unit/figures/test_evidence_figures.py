"""Figures of evidence: attainment, speed-ups, rules, diversity, reliability, clusters, warnings."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.looking import assert_readable, shows, tables_of, words_of
from support.synthetic_study import ERRORS, NAMES, study

from mnbench.architectures import Architecture, Head, Layer, Plain
from mnbench.evaluation.tables.convergence import GAINS
from mnbench.figures import (
    FIGURES,
    ON_COST_AXIS,
    attainment,
    catalogue,
    clusters,
    combining,
    cost_breakdown,
    diversity,
    reliability,
    speed_up,
    style,
    training_curves,
)
from mnbench.planning.plan import Ensemble

TITLES = {approach: look.title for approach, look in style.looks(a for a, _, _ in ERRORS).items()}


@pytest.fixture(scope="module")
def full():
    return study()


def test_attainment_by_hand():
    rows = pd.DataFrame(
        {
            "seed": [0, 0, 1, 1],
            "cpu_seconds": [1.0, 2.0, 1.0, 3.0],
            "test_error": [0.5, 0.3, 0.4, 0.2],
        }
    )
    best, _, worst = attainment.surfaces(rows, "cpu_seconds")
    # At 1 second one seed attains 0.4 and both 0.5; at 2 both 0.4; at 3 one 0.2 and both 0.3.
    np.testing.assert_allclose(best, [[1, 0.4], [2, 0.3], [3, 0.2]])
    np.testing.assert_allclose(worst, [[1, 0.5], [2, 0.4], [3, 0.3]])


def test_attainment_shows_approaches_with_a_curve(full):
    words = words_of(attainment.draw(full.summary))
    for title in ("MotherNets", "Full Data", "One network alone"):
        assert title in words
    assert "Bagging" not in words and "half of 2 seeds" in words


def test_speed_up_has_a_bar_for_every_comparison_that_can_be_made(full):
    table = full.equal_error
    figure = speed_up.draw(table, "cpu_seconds")
    left, right = figure.axes
    assert len(left.patches) == len(table) and len(right.patches) == table["error_gain"].count()
    widths = sorted(patch.get_x() + patch.get_width() for patch in left.patches)
    np.testing.assert_allclose(widths, sorted(table["speed_up"]))
    words = words_of(figure)
    assert "Knowledge Distillation, g=1" in words and "MotherNets" not in words


def test_combining_shows_every_rule_at_every_size(full):
    figure = combining.draw(full.estimates)
    assert len(figure.axes) == 8
    assert figure.axes[0].get_title() == "MotherNets, g = 1"
    rows = full.estimates
    rows = rows[(rows["approach"] == "mothernets") & (rows["g"] == 1) & (rows["rule"] == "vote")]
    (line,) = [line for line in figure.axes[0].get_lines() if line.get_label() == "majority vote"]
    np.testing.assert_allclose(line.get_xdata(), rows["size"])
    np.testing.assert_allclose(line.get_ydata(), 100 * rows["test_error"])


def test_diversity_shows_every_ensemble(full):
    axes = diversity.draw(full.estimates).axes[0]
    rows = full.estimates
    rows = rows[(rows["rule"] == "average") & (rows["size"] == 5)]
    for row in rows.itertuples():
        assert shows(axes, 100 * row.mean_member_error, 100 * row.disagreement), row
    words = words_of(diversity.draw(full.estimates))
    assert "Bagging: " in words and "MotherNets, g = 2: " in words


def test_reliability_shows_every_approach_once(full):
    figure = reliability.draw(full.reliability)
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert len(titles) == len(TITLES) and "MotherNets, g = 1" in titles
    line = figure.axes[0].get_lines()[1]
    rows = full.reliability[(full.reliability["g"] == 1) & (full.reliability["images"] > 10**6)]
    np.testing.assert_allclose(line.get_xdata(orig=False)[-len(rows) :], 100 * rows["confidence"])
    np.testing.assert_allclose(line.get_ydata(orig=False)[-len(rows) :], 100 * rows["accuracy"])


def test_what_a_member_has_from_its_mothernet_by_hand():
    mothernet = Architecture(
        (Plain((Layer(8),)), Plain((Layer(16), Layer(16)))),
        name="MotherNet",
        head=Head(hidden=(32,)),
    )
    member = Architecture(
        (Plain((Layer(8, 5), Layer(12))), Plain((Layer(24), Layer(16)))),
        name="member",
        head=Head(hidden=(64,)),
    )
    found = clusters.bars(member, mothernet)
    assert [(bar.filters, bar.shared) for bar in found] == [
        *((8, 8), (12, 0)),  # of the first block the second layer is inserted
        *((24, 16), (16, 16)),
        (64, 32),
    ]
    assert [(bar.kernel, bar.shared_kernel) for bar in found[:2]] == [(5, 3), (3, 3)]
    assert [bar.larger for bar in found] == [True, False, False, False, False]
    heights = [bar.y for bar in found]
    assert heights == sorted(heights) and heights[2] - heights[1] > heights[1] - heights[0]


def test_clusters_are_those_of_the_fewest_planned(full):
    (found,) = clusters.clusters(full.plan, "fashion_mnist", "v5-small")
    assert found.mothernet.name == "mothernet"
    assert [member.name for member in found.members] == list(NAMES)
    words = words_of(clusters.draw(full.plan, "fashion_mnist", "v5-small"))
    assert all(name in words for name in NAMES)


def test_figures_say_what_a_reader_must_know(full):
    gains = pd.DataFrame(
        [("fashion_mnist", "v5-small", 2.0, 2, 0.006, 0.001, 0.011)], columns=list(GAINS)
    )
    networks = full.networks.copy()
    networks.loc[networks.index[:3], ["shared_device", "lineage_shared_device"]] = True
    tables = tables_of(full) | {"convergence": gains, "networks": networks}
    for name in FIGURES:
        figure = catalogue.draw(name, full.plan, tables, "cpu_seconds", "Fashion-MNIST, v5-small")
        words = words_of(figure)
        assert (
            "not converged: one network gains 0.6 points (0.1 to 1.1) from ×2 the epochs" in words
        )
        warned = f"times of 3 of {len(networks)} trainings left out" in words
        assert warned is (name in ON_COST_AXIS)
        assert_readable(figure, name)
        figure = catalogue.draw(name, full.plan, tables, "training_flops", "Fashion-MNIST")
        assert "left out" not in words_of(figure)


def test_the_cost_of_an_ensemble_is_broken_down_whatever_other_ensembles_there_are(full):
    larger = [Ensemble("fashion_mnist", "v25-small", 0, one, 25, ("elsewhere",)) for one in TITLES]
    plan = replace(full.plan, ensembles=(*full.plan.ensembles, *larger))
    alone = cost_breakdown.bars(full.plan, full.networks, "training_flops")
    assert cost_breakdown.bars(plan, full.networks, "training_flops") == alone
    assert {bar.approach for bar in alone} == set(TITLES)


def test_what_is_drawn_of_an_ensemble_has_all_its_ancestors(full):
    # A MotherNet's time alone may be flagged, its members' sum not; its record may be gone.
    mother = full.networks["role"] == "mothernet"
    flagged = full.networks.assign(lineage_shared_device=mother)
    bars = cost_breakdown.bars(full.plan, flagged, "cpu_seconds")
    assert {bar.g for bar in bars if bar.approach == "mothernets"} == {1, 2, 3, 5}
    gone = full.networks[~mother]
    bars = cost_breakdown.bars(full.plan, gone, "cpu_seconds")
    assert {bar.g for bar in bars if bar.approach == "mothernets"} == {5}
    histories = full.histories[full.histories["role"] != "mothernet"]
    shown = {curve.approach for curve in training_curves.curves(full.plan, histories)}
    assert shown == {"full_data", "mothernets"}


def test_an_interval_that_cannot_be_read_off_is_no_tight_one(full):
    table = full.equal_error.copy()
    table.loc[table.index[0], ["speed_up_low", "speed_up_high"]] = np.nan
    assert "?" not in words_of(speed_up.draw(full.equal_error, "cpu_seconds"))
    assert words_of(speed_up.draw(table, "cpu_seconds")).count("?") == 1


def test_every_figure_says_that_ensembles_are_missing(full):
    missing = pd.DataFrame({"dataset": ["fashion_mnist"] * 3, "architecture_set": ["v5-small"] * 3})
    tables = tables_of(full) | {"missing": missing}
    for name in FIGURES:
        words = words_of(catalogue.draw(name, full.plan, tables, "training_flops", "Title"))
        assert "3 ensembles of single seeds could not be evaluated" in words


def test_a_panel_without_a_bar_says_so(full):
    table = full.equal_error.assign(speed_up=np.nan, speed_up_low=np.nan, speed_up_high=np.nan)
    words = words_of(speed_up.draw(table, "cpu_seconds"))
    assert words.count("no curve reaches") == 1


def test_intervals_of_diversity_are_inside_the_axes(full):
    wide = full.estimates.copy()
    wide["mean_member_error_high"] += 0.05
    wide["disagreement_low"] -= 0.02
    axes = diversity.draw(wide).axes[0]
    shown = wide[(wide["rule"] == "average") & wide["full_size"] & wide["disagreement"].notna()]
    assert axes.get_xlim()[1] > 100 * shown["mean_member_error_high"].max()
    assert axes.get_ylim()[0] < 100 * shown["disagreement_low"].min()
