"""What a reader sees in five seconds is true: labels have owners, legends say what is drawn."""

import numpy as np
import pandas as pd
import pytest
from support.looking import TITLES, assert_readable, shows, texts_of, words_of
from support.synthetic_study import study

from mnbench.figures import attainment, cost_breakdown, diversity, pareto, size, speed_up, style
from mnbench.figures.headline import message


def test_speed_up_has_a_row_for_every_baseline_with_words_where_nothing_is_known(full):
    table = full.equal_error
    unknown = table["against"].isin(["bagging", "single_network"])
    table.loc[unknown, ["speed_up", "error_gain"]] = np.nan
    figure = speed_up.draw(full.data(equal_error=table))
    left, right = figure.axes
    rows = [text.get_text() for text in left.get_yticklabels()]
    assert sorted(rows) == sorted(TITLES[name] for name in set(table["against"]))
    for axes, what in ((left, "error"), (right, "cost")):
        beside = {round(t.get_position()[1]): t.get_text().strip() for t in axes.texts}
        assert beside[rows.index("Bagging")] == "one budget only"
        assert beside[rows.index("One network alone")] == f"does not reach this {what}"
        assert len(beside) == len(rows)
    assert_readable(figure, "speed_up")


def test_short_bars_with_long_words_have_ticks_that_can_be_read(full):
    columns = ["speed_up", "speed_up_low", "speed_up_high"]
    table = full.equal_error.assign(variant="hatched epochs x 0.5")
    table[columns] = table[columns].clip(upper=1.75).assign(speed_up_low=np.nan)
    figure = speed_up.draw(full.data(equal_error=table))
    assert len(figure.axes[0].get_xticks()) > 1
    assert_readable(figure, "speed_up")


def test_it_is_said_whose_g_and_epochs_stand_beside_a_bar(full):
    figure = speed_up.draw(full.data(equal_error=full.equal_error.assign(budget=0.5)))
    words = words_of(figure)
    assert "half the epochs" in words and "g and epochs of the MotherNets" in words
    assert "whose g and epochs stand beside the bar" in speed_up.CAPTION


def test_a_difference_that_rounds_to_zero_keeps_its_sign(full):
    table = full.equal_error.assign(error_gain=-0.0004, error_gain_low=-0.001, error_gain_high=0.01)
    words = words_of(speed_up.draw(full.data(equal_error=table)))
    assert "−0.04" in words and "0.0," not in words


def test_the_line_of_no_difference_is_apart_from_the_panels_edge(full):
    figure = speed_up.draw(full.data())
    for axes, even in zip(figure.axes, (1.0, 0.0), strict=True):
        low, high = axes.get_xlim()
        assert (even - low) / (high - low) > 0.04
        ends = [patch.get_x() + patch.get_width() for patch in axes.patches]
        assert min(axes.get_xticks()) <= max(ends)
        right = axes.get_window_extent().x1
        texts = [text for text in texts_of(figure) if text in axes.texts]
        nearest = max(text.get_window_extent().x1 for text in texts)
        assert right - 0.05 * axes.get_window_extent().width < nearest <= right


def intervals_of(axes) -> list[np.ndarray]:
    """Return the intervals drawn as pixels ``(2, 2)``: error bars, and bare lines of two points."""
    spans = [
        np.array(segment)
        for bars in axes.collections
        if hasattr(bars, "get_segments")
        for segment in bars.get_segments()
    ]
    lines = [np.column_stack(line.get_data()) for line in axes.get_lines() if line.zorder == 2]
    spans += [line for line in lines if len(line) == 2 and (np.ptp(line, axis=0) == 0).any()]
    return [axes.transData.transform(span) for span in spans]


@pytest.mark.parametrize("figure", [pareto, diversity])
@pytest.mark.parametrize("cost", ["cpu_seconds", "training_flops"])
def test_no_label_lies_on_an_interval(full, figure, cost):
    table = full.estimates
    for column, half in (("mean_member_error", 0.004), ("disagreement", 0.003)):
        table[f"{column}_low"] = table[column] - half
        table[f"{column}_high"] = table[column] + half
    drawn = figure.draw(full.data(cost, estimates=table))
    (axes,) = drawn.axes
    spans = intervals_of(axes)
    assert len(spans) > 6
    for label in (text for text in texts_of(drawn) if text in axes.texts):
        box = label.get_window_extent()
        for low, high in spans:
            low, high = np.minimum(low, high), np.maximum(low, high)
            apart = (high < box.min).any() or (low > box.max).any()
            assert apart, (figure.__name__, label.get_text())


def test_each_label_of_the_main_figure_names_the_nearest_point(full):
    figure = pareto.draw(full.data())
    (axes,) = figure.axes
    figure.draw_without_rendering()
    points = [axes.transData.transform(text.xy) for text in axes.texts]
    for label in axes.texts:
        if label.get_text().isdigit():  # inside of its point
            continue
        box, own = label.get_window_extent(), axes.transData.transform(label.xy)
        others = [point for point in points if (point != own).any()]
        inside = [box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for x, y in [own, *others]]
        assert not any(inside), label.get_text()


def test_the_legend_of_the_main_figure_says_what_is_drawn(full):
    figure = pareto.draw(full.data())
    (axes,) = figure.axes
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert said[:2] == ["Pareto front of all but the circles", "MotherNets by number of clusters g"]
    fewer, small = said[3:]
    assert fewer == "m networks of Full Data, means (m in the circle)"
    assert small == "small: other numbers of epochs"
    sizes = {
        (line.get_marker(), line.get_markersize())
        for line in axes.get_lines()
        if len(line.get_xdata()) == 1
    }
    grey = style.looks(["single_network"])["single_network"].marker
    # The full budget of the single network is no other number of epochs; two and four times are.
    assert (grey, 7.0) in sizes and (grey, 4.0) in sizes
    one = study(approaches={"bagging"})
    (legend,) = pareto.draw(one.data()).legends
    said = [text.get_text() for text in legend.get_texts()]  # no small points, no MotherNets
    assert said[0] == "Pareto front" and len(said) == 2


def test_steps_join_mothernets_and_nothing_is_below_the_front(full):
    (axes,) = pareto.draw(full.data()).axes
    joined = [line for line in axes.get_lines() if len(line.get_xdata()) > 1]
    (front,) = [line for line in joined if line.get_label() == "Pareto front"]
    (sweep,) = [line for line in joined if line is not front and line.get_linewidth() > 2]
    assert sweep.get_drawstyle() == "steps-post"  # nothing lies between two g
    corners = np.column_stack(front.get_data())
    for x, y in zip(*sweep.get_data(), strict=True):
        attained = corners[corners[:, 0] <= x + 1e-9][-1, 1]
        assert y >= attained - 1e-9


def test_the_title_says_what_mothernets_save_and_what_it_costs(full):
    rows = full.summary[(full.summary["size"] == 5) & (full.summary["budget"] == 1)]
    means = rows.groupby(["approach", rows["g"].fillna(0)])[["test_error", "cpu_seconds"]].mean()
    ours, theirs = means.loc[("mothernets", 1)], means.loc[("full_data", 0)]
    words = words_of(pareto.draw(full.data(title="Title")))
    more = 100 * (ours["test_error"] - theirs["test_error"])
    share = 100 * ours["cpu_seconds"] / theirs["cpu_seconds"]
    said = f"MotherNets, g = 1: {share:.0f} % of Full Data's cost, {more:.1f} pp more error"
    assert said in words and "Title" in words
    for made in (study(approaches={"bagging"}), study(approaches={"full_data"})):
        assert "Full Data's cost" not in words_of(pareto.draw(made.data()))


def test_the_title_says_that_a_difference_may_be_chance(full):
    assert "may be chance" not in words_of(pareto.draw(full.data()))
    table = full.differences
    wide = table.assign(difference_low=-0.1, difference_high=0.1)
    words = words_of(pareto.draw(full.data(differences=wide)))
    assert "may be chance" in words and "to 10" in words.replace("−", "-")


def test_the_title_and_the_point_are_paired_where_a_seed_is_missing(full):
    errors, differences = full.estimates, full.differences
    seeds = ["seeds", "timed_seeds"]
    hatched = (errors["approach"] == "mothernets") & (errors["g"] == 1)
    ends = [f"test_error{end}" for end in ("", "_low", "_high")]
    fields = differences[["first_approach", "second_approach"]]
    pair = (fields == "full_data").any(axis=1) & (fields == "mothernets").any(axis=1)
    pair &= (differences[["first_g", "second_g"]] == 1).any(axis=1)
    sign = np.where(differences["first_approach"] == "full_data", -1, 1)[pair]
    # One point more on each seed; the hard seed is missing, and the mean is far below Full Data's.
    errors.loc[hatched, ends] -= 0.2
    errors.loc[hatched, seeds] = differences.loc[pair, "seeds"] = 1
    differences.loc[pair, "difference"] = 0.01 * sign
    for end in ("low", "high"):
        differences.loc[pair, f"difference_{end}"] = 0.01 * sign + (0.002, -0.002)[end == "low"]
    figure = pareto.draw(full.data(estimates=errors, differences=differences))
    title = figure.get_suptitle()
    # Costs are means over other seeds: no share of them is said.
    assert title == "MotherNets, g = 1: 1.0 pp more error than Full Data (0.8 to 1.2)"
    whole = errors["full_size"] & (errors["combination"] == "average") & (errors["budget"] == 1)
    reference = errors[whole & (errors["approach"] == "full_data")].iloc[0]["test_error"]
    point = errors[whole & hatched].iloc[0]
    assert shows(figure.axes[0], point["cpu_seconds"], 100 * reference + 1)
    bars = [one for one in figure.axes[0].collections if hasattr(one, "get_segments")]
    spans = [span for one in bars for span in one.get_segments()]
    expected = 100 * reference + np.array([0.8, 1.2])
    assert any(np.allclose(np.sort(np.array(span)[:, 1]), expected) for span in spans)


def test_the_title_has_no_rival_where_costs_are_of_other_seeds(full):
    errors = full.estimates
    errors.loc[errors["approach"] == "mothernets", "timed_seeds"] = 1
    assert "\n" not in pareto.draw(full.data(estimates=errors)).get_suptitle()
    of_flops = full.data("training_flops", estimates=errors)
    assert "\n3 networks" in pareto.draw(of_flops).get_suptitle()


def test_the_title_names_the_sizes_where_they_differ():
    points = pd.DataFrame(
        [("full_data", pd.NA, 3, 10.0), ("mothernets", 1, 5, 12.1)],
        columns=["approach", "g", "size", "cost"],
    ).assign(variant="", budget=1.0, small=False, seeds=3, cost_seeds=3, error=11.0)
    points[["gap", "gap_low", "gap_high", "gap_seeds"]] = -0.5, -0.6, -0.4, 3
    sizes = pd.DataFrame(
        {"approach": "full_data", "size": [1, 2, 3], "cost": [3.0, 6.0, 10.0], "error": 12.0}
    ).assign(seeds=3, full_size=[False, False, True])
    said = "MotherNets, g = 1: 121 % of the cost of 3 networks of Full Data, 0.5 pp less error"
    assert message(points, sizes) == f"{said} (0.4 to 0.6)"
    missing = message(points.assign(cost_seeds=[3, 2], gap_seeds=2), sizes)
    assert (
        missing == "MotherNets, g = 1: 0.5 pp less error than 3 networks of Full Data (0.4 to 0.6)"
    )
    cheaper = points.assign(cost=[10.0, 7.0])
    assert message(cheaper, sizes).splitlines()[1].startswith("2 networks of Full Data for no more")
    title = message(points.assign(size=[5, 3]), sizes.iloc[:0])
    assert title.startswith("MotherNets (3 networks), g = 1: 121 % of the cost of 5 networks of")


RIVAL = "20 networks of Full Data for no more cost: 10.4 pp more error than MotherNets (mean)"


@pytest.mark.parametrize(
    ("share", "error"),
    [
        ("MotherNets, g = 1: 61 % of Full Data's cost", "1.1 pp less error (0.4 to 1.7)"),
        (
            "MotherNets, g = 10: 101 % of Full Data's cost",
            "11.1 pp less error (−14.4 to 30.7), may be chance",
        ),
        (
            "MotherNets (4 networks), g = 1: 52 % of the cost of 5 networks of Full Data",
            "0.4 pp more error (−0.2 to 1.1), may be chance",
        ),
    ],
)
def test_a_long_title_is_broken_before_the_error_and_lies_on_the_page(
    full, monkeypatch, share, error
):
    said = f"{share}, {error}"
    for more in ("", f"\n{RIVAL}", f"\n{RIVAL}, on as many seeds and images of it"):
        monkeypatch.setattr(pareto, "message", lambda *_, more=more: said + more)
        figure = pareto.draw(full.data(title="Title"))
        assert_readable(figure, said)
        first, *others = figure.get_suptitle().splitlines()
        expected = [said] if len(said) < 95 else [f"{share},", error]
        assert [first, *others][: len(expected)] == expected
        assert len(others) == len(expected) - 1 + (more != "") + (len(more) > 100)


def test_points_that_coincide_have_bars_of_one_colour(full):
    axes = diversity.draw(full.data()).axes[0]
    blue = style.looks(["full_data"])["full_data"]
    (square,) = [
        line
        for line in axes.get_lines()
        if line.get_marker() == blue.marker and line.get_markersize() == 7
    ]
    y = square.get_ydata()[0]
    bars = [
        line
        for line in axes.get_lines()
        if len(line.get_xdata()) == 2 and np.isclose(line.get_ydata(), y).all()
    ]
    assert {line.get_color() for line in bars} == {style.mix(blue.color, "white", 0.5)}


@pytest.mark.parametrize("cost", ["cpu_seconds", "device_seconds"])
def test_without_a_time_of_its_own_every_figure_gives_the_same_true_reason(full, cost):
    shared = full.networks.assign(shared_device=True, lineage_shared_device=True)
    estimates = full.estimates.assign(timed_seeds=0)
    estimates[[f"{cost}{end}" for end in ("", "_low", "_high")]] = np.nan
    tables = {
        "networks": shared,
        "estimates": estimates,
        "summary": full.summary.assign(shared_device=True),
        "equal_error": full.equal_error.assign(speed_up=np.nan, error_gain=np.nan),
    }
    reason = f"the {style.COST_TITLES[cost]} of every ensemble was shared with other jobs"
    for figure in (attainment, cost_breakdown, pareto, speed_up, size):
        drawn = figure.draw(full.data(cost, title="Title", **tables))
        words = words_of(drawn).replace("\n", " ")
        assert reason in words and cost not in words, figure.__name__
        assert_readable(drawn, figure.__name__)
    errors, costs = size.draw(full.data(cost, **tables)).axes
    assert errors.axison and not costs.axison  # no empty axes from 0 to 1
    exact = full.data("training_flops", **{k: v for k, v in tables.items() if k != "equal_error"})
    for figure in (attainment, cost_breakdown, pareto, speed_up, size):
        assert "shared with other jobs" not in words_of(figure.draw(exact))


def test_attainment_says_which_approaches_have_no_curve(full):
    figure = attainment.draw(full.data())
    (note,) = [t.get_text() for t in texts_of(figure) if "no curve" in t.get_text()]
    assert note.endswith(
        "one point, no curve: Knowledge Distillation, Bagging, TreeNets, Snapshot Ensembles"
    )
    bottoms = {round(axes.get_window_extent().y0) for axes in figure.axes}
    assert len(bottoms) == 1
    assert "the other approaches" in words_of(figure)
    summary = full.summary
    alone = (summary["approach"] == "mothernets") | (summary["budget"] == 1)
    figure = attainment.draw(full.data(summary=summary[alone]))
    assert len(figure.axes) == 1 and "the other approaches" not in words_of(figure)


def test_a_bar_of_parts_too_narrow_for_their_names_says_how_many_they_are(full):
    networks = full.networks.assign(networks=full.networks["networks"] + "-with-a-very-long-name")
    words = words_of(cost_breakdown.draw(full.data(networks=networks)))
    assert "5 networks" in words
