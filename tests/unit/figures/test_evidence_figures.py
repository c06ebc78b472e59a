"""Figures of evidence: attainment, speed-ups, rules, diversity, reliability, clusters, warnings."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.looking import TITLES, assert_readable, shows, words_of
from support.synthetic_plan import NAMES

from mnbench.architectures import Architecture, Head, Layer, Plain
from mnbench.evaluation.tables import convergence
from mnbench.figures import (
    FIGURES,
    attainment,
    catalogue,
    clusters,
    combining,
    cost_breakdown,
    disagreement_map,
    diversity,
    reliability,
    speed_up,
    style,
    training_curves,
)
from mnbench.planning.lineage import Ensemble


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
    figure = attainment.draw(full.data())
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["MotherNets", "Full Data", "One network alone"]
    assert "half of 2 seeds" in words_of(figure)


def test_speed_up_without_any_curve_says_why(full):
    plain = full.estimates[(full.estimates["budget"] == 1) & (full.estimates["variant"] == "")]
    unknown = full.equal_error.assign(speed_up=np.nan, error_gain=np.nan)
    said = words_of(speed_up.draw(full.data(estimates=plain, equal_error=unknown)))
    assert "every other approach has one budget only, and so no budget curve" in said
    said = words_of(speed_up.draw(full.data(equal_error=unknown)))
    assert "no approach's budget curve reaches" in said


def test_speed_up_has_a_row_a_baseline_with_the_best_configuration(full):
    table = full.equal_error
    figure = speed_up.draw(full.data())
    left, right = figure.axes
    against = set(table["against"])
    for axes, column, unit in ((left, "speed_up", 1.0), (right, "error_gain", 100.0)):
        best = table.groupby("against")[column].max().dropna()
        ends = sorted(patch.get_x() + patch.get_width() for patch in axes.patches)
        np.testing.assert_allclose(ends, sorted(unit * best))
    assert len(left.patches) == len(against)
    words = words_of(figure)
    assert "Knowledge Distillation" in words and "1.30×, g = 3" in words
    assert "MotherNets, g" not in words


def test_speed_up_prefers_what_has_an_interval_and_leaves_out_full_data_itself(full):
    table = full.equal_error
    table = table[table["against"] == "full_data"].reset_index(drop=True)
    best = table["speed_up"].idxmax()
    table.loc[best, ["speed_up_low", "speed_up_high"]] = np.nan
    same = table.iloc[[0]].assign(g=5, speed_up=9.0)
    table = pd.concat([table, same], ignore_index=True)
    (patch,) = speed_up.draw(full.data(equal_error=table)).axes[0].patches
    second = table.loc[table.index[:-1].difference([best]), "speed_up"].max()
    assert patch.get_x() + patch.get_width() == pytest.approx(second)


def test_combining_shows_how_much_more_each_method_errs_than_averaging(full):
    table = full.estimates
    vote = table["combination"] == "vote"
    table.loc[vote, "test_error"] += 0.002 + 0.001 * table.loc[vote, "size"]
    figure = combining.draw(full.data(estimates=table))
    assert len(figure.axes) == 8
    assert figure.axes[0].get_title() == "MotherNets, g = 1"
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert list(lines) == ["majority vote", "Super Learner", "average"]  # the default is on top
    np.testing.assert_allclose(lines["majority vote"].get_xdata(), range(1, 6))
    np.testing.assert_allclose(lines["majority vote"].get_ydata(), [0.3, 0.4, 0.5, 0.6, 0.7])
    np.testing.assert_allclose(lines["average"].get_ydata(), 0, atol=1e-12)
    below = {line.get_label(): line for line in figure.axes[4].get_lines()}
    np.testing.assert_allclose(below["average"].get_ydata(), 1)


def test_diversity_shows_every_ensemble(full):
    axes = diversity.draw(full.data()).axes[0]
    rows = full.estimates
    rows = rows[(rows["combination"] == "average") & (rows["size"] == 5)]
    for row in rows.itertuples():
        assert shows(axes, 100 * row.mean_member_error, 100 * row.disagreement), row
    words = words_of(diversity.draw(full.data()))
    assert "Bagging: " in words and "MotherNets, g = 2: " in words


def test_reliability_shows_every_approach_once(full):
    figure = reliability.draw(full.data())
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert len(titles) == len(TITLES) and "MotherNets, g = 1" in titles
    line = figure.axes[0].get_lines()[1]
    rows = full.reliability_bins[
        (full.reliability_bins["g"] == 1) & (full.reliability_bins["images"] > 10**6)
    ]
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
    layers = clusters.layer_bars(member, mothernet)
    assert [(bar.filters, bar.shared) for bar in layers] == [
        *((8, 8), (12, 0)),  # of the first block the second layer is inserted
        *((24, 16), (16, 16)),
        (64, 32),
    ]
    assert [(bar.kernel, bar.shared_kernel) for bar in layers[:2]] == [(5, 3), (3, 3)]
    assert [bar.larger for bar in layers] == [True, False, False, False, False]
    heights = [bar.y for bar in layers]
    assert heights == sorted(heights) and heights[2] - heights[1] > heights[1] - heights[0]


def test_clusters_are_those_of_the_fewest_planned(full):
    (cluster,) = clusters.clusters(full.plan, "fashion_mnist", "v5-small")
    assert cluster.mothernet.name == "mothernet"
    assert [member.name for member in cluster.members] == list(NAMES)
    words = words_of(clusters.draw(full.data()))
    assert all(name in words for name in NAMES)
    assert words.count("↑ input") == 1  # once a row


@pytest.mark.slow
def test_figures_say_what_a_reader_must_know(full):
    gains = pd.DataFrame(
        [("fashion_mnist", "v5-small", 2.0, 1, 3, 0.016, 0.011, 0.021)],
        columns=list(convergence.COLUMNS),
    )
    networks = full.networks.copy()
    estimates = full.estimates
    estimates.loc[estimates["approach"] == "full_data", "timed_seeds"] = 0
    tables = {"convergence": gains, "estimates": estimates}
    for name in FIGURES:
        figure = catalogue.draw(name, full.data(title="Fashion-MNIST, v5-small", **tables))
        words = words_of(figure)
        assert (
            "not converged: one network gains 1.6 points (1.1 to 2.1) from twice the epochs"
            in words
        )
        warned = "ensembles of single seeds left out: the device was shared" in words
        assert warned is FIGURES[name].cost_axis
        assert_readable(figure, name)
        figure = catalogue.draw(name, full.data("training_flops", **tables))
        assert "left out" not in words_of(figure)
    networks["ended"] = "cap"
    words = words_of(catalogue.draw("pareto", full.data(networks=networks)))
    assert "not converged: max_epochs ended trainings of Full Data" in words


def test_the_cost_of_an_ensemble_is_broken_down_whatever_other_ensembles_there_are(full):
    larger = [Ensemble("fashion_mnist", "v25-small", 0, one, 25, ("elsewhere",)) for one in TITLES]
    plan = replace(full.plan, ensembles=(*full.plan.ensembles, *larger))
    alone = cost_breakdown.bars(full.plan, full.networks, full.summary, "training_flops")
    assert cost_breakdown.bars(plan, full.networks, full.summary, "training_flops") == alone
    assert {bar.approach for bar in alone} == set(TITLES)


def test_what_is_drawn_of_an_ensemble_has_all_its_ancestors(full):
    mother = full.networks["role"] == "mothernet"
    gone = full.networks[~mother]
    bars = cost_breakdown.bars(full.plan, gone, full.summary, "cpu_seconds")
    assert {bar.g for bar in bars if bar.approach == "mothernets"} == {5}
    histories = full.histories[full.histories["role"] != "mothernet"]
    shown = {curve.approach for curve in training_curves.curves(full.plan, histories)}
    assert shown == {"full_data", "mothernets"}


def test_an_interval_that_cannot_be_read_off_is_no_tight_one(full):
    table = full.equal_error.copy()
    table.loc[table["against"] == "bagging", ["speed_up_low", "speed_up_high"]] = np.nan
    assert "no interval" not in words_of(speed_up.draw(full.data()))
    assert words_of(speed_up.draw(full.data(equal_error=table))).count("no interval") == 1


@pytest.mark.slow
def test_every_figure_says_that_ensembles_are_missing(full):
    missing = pd.DataFrame({"dataset": ["fashion_mnist"] * 3, "architecture_set": ["v5-small"] * 3})
    for name in FIGURES:
        words = words_of(catalogue.draw(name, full.data(title="Title", missing=missing)))
        assert "3 ensembles of single seeds could not be evaluated" in words


def test_a_panel_without_a_bar_says_so(full):
    table = full.equal_error.assign(speed_up=np.nan, speed_up_low=np.nan, speed_up_high=np.nan)
    figure = speed_up.draw(full.data(equal_error=table))
    left = figure.axes[0]
    assert not left.patches
    said = [text.get_text().strip() for text in left.texts]
    assert len(said) == table["against"].nunique()
    assert set(said) == {"one budget only", "does not reach this error"}


def test_intervals_of_diversity_are_inside_the_axes(full):
    wide = full.estimates.copy()
    wide["mean_member_error_high"] += 0.05
    wide["disagreement_low"] -= 0.02
    axes = diversity.draw(full.data(estimates=wide)).axes[0]
    shown = wide[
        (wide["combination"] == "average") & wide["full_size"] & wide["disagreement"].notna()
    ]
    assert axes.get_xlim()[1] > 100 * shown["mean_member_error_high"].max()
    assert axes.get_ylim()[0] < 100 * shown["disagreement_low"].min()


def test_the_heat_map_shows_every_pair_both_ways(full):
    table = full.disagreement
    values = disagreement_map.matrix(table)
    index = values.index.to_frame(index=False)
    assert index["g"].isna().any() and index["g"].min() == 1  # no number stands for "none"
    assert values.shape[0] * (values.shape[0] - 1) / 2 == len(table)
    np.testing.assert_array_equal(values, values.T)
    assert np.isnan(np.diag(values)).all()
    table = table.astype({"first_g": float, "second_g": float})
    for row in table.sample(20, random_state=0).to_dict("records"):
        places = [
            (
                (index["approach"] == row[f"{end}_approach"])
                & (index["g"].astype(float).fillna(0) == np.nan_to_num(row[f"{end}_g"]))
                & (index["position"] == row[f"{end}_position"])
            ).argmax()
            for end in ("first", "second")
        ]
        assert values.iloc[places[0], places[1]] == row["disagreement"]
    mesh = disagreement_map.draw(full.data()).axes[0].collections[0]
    np.testing.assert_allclose(
        np.ma.filled(mesh.get_array(), np.nan).reshape(values.shape), 100 * values
    )


def test_the_heat_map_is_ordered_by_approach_and_cluster(full):
    table = full.disagreement.sample(frac=1, random_state=1)  # the table's order decides nothing
    index = disagreement_map.matrix(table).index.to_frame(index=False)
    assert list(index["approach"].drop_duplicates()) == list(style.looks(index["approach"]))
    two = index[(index["approach"] == "mothernets") & (index["g"] == 2)]
    assert two["cluster"].tolist() == [1, 1, 1, 4, 4]
    assert two["network"].tolist() == list(NAMES)
    words = words_of(disagreement_map.draw(full.data()))
    for name in ("MotherNets, g = 1", "MotherNets, g = 2", "Full Data", "TreeNets"):
        assert name in words
    assert "g = 5" not in words  # these networks are Full Data's
    assert "is shown once" in disagreement_map.CAPTION


def test_the_heat_map_names_its_rows_where_there_is_room(full, monkeypatch):
    figure = disagreement_map.draw(full.data(title="Title\nof two lines"))
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels(minor=True)]
    assert names == disagreement_map.matrix(full.disagreement).index.get_level_values(5).tolist()
    assert_readable(figure, "disagreement_map")
    monkeypatch.setattr(disagreement_map, "MOST_NAMED", 3)
    figure = disagreement_map.draw(full.data())
    assert NAMES[0] not in words_of(figure) and "Full Data" in words_of(figure)
    assert_readable(figure, "disagreement_map")
