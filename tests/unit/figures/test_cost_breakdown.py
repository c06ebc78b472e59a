"""What costs are made of: bars add up to the tables' costs, the shared part first."""

from dataclasses import replace

import numpy as np
import pytest
from support.looking import full_rows, words_of
from support.synthetic_plan import NAMES
from support.synthetic_study import kept

from mnbench.figures import cost_breakdown
from mnbench.planning.lineage import Ensemble


def test_bars_add_up_to_the_summary_with_the_shared_part_first(full):
    bars = cost_breakdown.bars(full.plan, full.networks, full.summary, "cpu_seconds")
    rows = full_rows(full.summary)
    rows = rows[(rows["budget"] == 1)]
    totals = {
        (row.approach, None if row.g is None or row.g != row.g else int(row.g)): row.cpu_seconds
        for row in rows.astype({"g": "float"}).itertuples()
    }
    assert {(bar.approach, bar.g): pytest.approx(bar.total) for bar in bars} == totals
    shared = {(bar.approach, bar.g): [s.shared for s in bar.segments] for bar in bars}
    assert shared["mothernets", 1] == [True] + 5 * [False]
    assert shared["mothernets", 2] == 2 * [True] + 5 * [False]
    assert shared["mothernets", 5] == shared["full_data", None] == 5 * [False]
    assert shared["knowledge_distillation", None] == [True] + 5 * [False]
    assert shared["treenets", None] == [True]
    assert shared["snapshot_ensembles", None] == 5 * [False]


def test_bars_are_of_the_seeds_whose_whole_bill_is_a_measurement(full):
    # One training of an ensemble may be flagged and their sum not, or the other way round.
    flagged = full.networks.assign(shared_device=True, lineage_shared_device=True)
    every = cost_breakdown.bars(full.plan, full.networks, full.summary, "cpu_seconds")
    assert cost_breakdown.bars(full.plan, flagged, full.summary, "cpu_seconds") == every
    second = (full.summary["approach"] == "mothernets") & (full.summary["seed"] == 1)
    bagging = full.summary["approach"] == "bagging"
    summary = full.summary.assign(shared_device=second | bagging)
    bars = {
        (bar.approach, bar.g): bar.total
        for bar in cost_breakdown.bars(full.plan, full.networks, summary, "cpu_seconds")
    }
    assert set(bars) == {(bar.approach, bar.g) for bar in every} - {("bagging", None)}
    first = summary[(summary["approach"] == "mothernets") & ~summary["shared_device"]]
    costs = first[first["full_size"]].set_index("g")["cpu_seconds"]
    assert {g: total for (_, g), total in bars.items() if g} == pytest.approx(costs.to_dict())
    exact = cost_breakdown.bars(full.plan, full.networks, summary, "training_flops")
    assert len(exact) == len(every)


@pytest.mark.parametrize("sizes", [(5,), (1, 2, 3, 4, 5)])
def test_without_a_time_of_the_main_budget_there_is_no_bar_of_another(full, sizes):
    summary = full.summary.copy()
    whole = (summary["approach"] == "full_data") & (summary["budget"] == 1)
    summary.loc[whole & summary["size"].isin(sizes), "shared_device"] = True
    drawn = cost_breakdown.bars(full.plan, full.networks, summary, "cpu_seconds")
    assert drawn and "full_data" not in {bar.approach for bar in drawn}


def test_an_untrained_mothernet_is_no_part_of_a_bar(full):
    networks = full.networks.copy()
    networks.loc[networks["role"] == "mothernet", "cpu_seconds"] = 0.0
    bars = cost_breakdown.bars(full.plan, networks, full.summary, "cpu_seconds")
    shared = {bar.g: [s.shared for s in bar.segments] for bar in bars if bar.g}
    assert shared == dict.fromkeys((1, 2, 3, 5), 5 * [False])


def test_breakdown_draws_the_bars_it_computes(full):
    figure = cost_breakdown.draw(full.data())
    bars = cost_breakdown.bars(full.plan, full.networks, full.summary, "cpu_seconds")
    widths = sorted(patch.get_width() for patch in figure.axes[0].patches)
    # MotherNets with a cluster a network are Full Data's trainings: one bar with both names.
    once = {bar.segments for bar in bars}
    assert len(once) == len(bars) - 1
    expected = sorted(segment.cost for segments in once for segment in segments)
    np.testing.assert_allclose(widths, expected)
    words = words_of(figure)
    assert all(name in words for name in NAMES)
    assert "MotherNets, g = 3" in words and "Full Data =\nMotherNets, g = 5" in words


def test_breakdown_names_the_teacher(full):
    (bar,) = [
        bar
        for bar in cost_breakdown.bars(full.plan, full.networks, full.summary, "cpu_seconds")
        if bar.approach == "knowledge_distillation"
    ]
    assert [segment.names for segment in bar.segments if segment.shared] == [
        ("vgg-7-wide (teacher)", "teacher")
    ]
    figure = cost_breakdown.draw(full.data())
    assert any("teacher" in text.get_text() for text in figure.axes[0].texts)


def test_a_teacher_that_stays_is_shared_though_it_is_a_member(full):
    def stays(ensemble: Ensemble) -> Ensemble:
        if ensemble.approach != "knowledge_distillation" or ensemble.size < 5:
            return ensemble
        (teacher,) = full.plan.teachers(ensemble.members[-1])
        return replace(ensemble, members=(*ensemble.members[:-1], teacher))

    plan = replace(full.plan, ensembles=tuple(map(stays, full.plan.ensembles)))
    (bar,) = [
        bar
        for bar in cost_breakdown.bars(plan, full.networks, full.summary, "cpu_seconds")
        if bar.approach == "knowledge_distillation"
    ]
    assert [segment.shared for segment in bar.segments] == [True] + 4 * [False]
    name = "vgg-7-wide"
    assert bar.segments[0].names == (
        f"{name} (teacher and member)",
        f"{name} (teacher)",
        "teacher",
    )
    figure = cost_breakdown.draw(replace(full.data(), plan=plan))
    assert "teacher" in " ".join(text.get_text() for text in figure.axes[0].texts)


def test_snapshots_that_are_no_members_are_earlier_ones_not_teachers(full):
    made = kept(full, lambda e: e.approach != "snapshot_ensembles" or e.size <= 3)
    (bar,) = [
        bar
        for bar in cost_breakdown.bars(made.plan, made.networks, made.summary, "cpu_seconds")
        if bar.approach == "snapshot_ensembles"
    ]
    earlier, member = ("vgg-7-deep (earlier)", "earlier"), ("vgg-7-deep",)
    assert [segment.names for segment in bar.segments] == [*2 * [earlier], *3 * [member]]
    assert [segment.shared for segment in bar.segments] == [*2 * [True], *3 * [False]]


def test_each_g_has_its_bar_though_their_sizes_differ(full):
    made = kept(full, lambda e: e.approach != "mothernets" or e.size <= 6 - e.g)
    bars = cost_breakdown.bars(made.plan, made.networks, made.summary, "cpu_seconds")
    members = {
        bar.g: sum(not segment.shared for segment in bar.segments)
        for bar in bars
        if bar.approach == "mothernets"
    }
    assert members == {1: 5, 2: 4, 3: 3, 5: 1}


def test_trainings_that_cost_the_same_are_not_the_same(full):
    # Bagging sees as many examples as Full Data, in other networks.
    axes = cost_breakdown.draw(full.data("examples")).axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert "Bagging" in names and "Full Data =\nMotherNets, g = 5" in names
