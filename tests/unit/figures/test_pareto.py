"""The main figure: means, their front and their intervals are those of the tables."""

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from support.looking import assert_readable, full_rows, lines_of, shows, texts_of, words_of
from support.synthetic_plan import ERRORS
from support.synthetic_study import kept, study

from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.tables.files import read_table, write_table
from mnbench.figures import fewer, pareto, size
from mnbench.figures.style import looks, mix, new_figure
from mnbench.naming import networks_in_words


def test_pareto_plots_the_means_and_their_front(full):
    axes = pareto.draw(full.data()).axes[0]
    rows = full_rows(full.summary)
    assert len(rows) == len(ERRORS)
    for row in rows.itertuples():
        assert shows(axes, row.cpu_seconds, 100 * row.test_error), row
    (front,) = [line for line in axes.get_lines() if line.get_label() == "Pareto front"]
    corners = np.column_stack(front.get_data())
    for row in rows[pareto_front(rows["cpu_seconds"], rows["test_error"])].itertuples():
        assert np.isclose(corners, (row.cpu_seconds, 100 * row.test_error)).all(axis=1).any()
    assert (np.diff(corners[:, 0]) >= 0).all() and (np.diff(corners[:, 1]) <= 0).all()


def test_pareto_joins_mothernets_by_g_and_labels_each(full):
    figure = pareto.draw(full.data())
    rows = full_rows(full.summary)
    mothernets = rows[rows["approach"] == "mothernets"].sort_values("g")
    expected = np.column_stack([mothernets["cpu_seconds"], 100 * mothernets["test_error"]])
    assert any(
        line.shape == expected.shape and np.allclose(line, expected)
        for line in lines_of(figure.axes[0])
    )
    words = words_of(figure)
    for label in ("MotherNets, g = 1", "g = 2", "g = 3", "Full Data (g = 5)"):
        assert label in words
    assert "half the epochs" not in words and "small: other numbers of epochs" in words


def test_pareto_names_the_size_of_an_approach_with_fewer_networks(full):
    words = words_of(pareto.draw(full.data()))
    assert "networks)" not in words
    made = kept(full, lambda e: e.approach != "treenets" or e.size == 3)
    words = words_of(pareto.draw(made.data()))
    assert words.count("networks)") == 1
    assert "TreeNets (3 networks)" in words


def test_fewer_networks_of_full_data_are_numbered_points_on_a_line(full):
    figure = pareto.draw(full.data())
    (axes,) = figure.axes
    rows = full.estimates
    rows = rows[(rows["combination"] == "average") & (rows["approach"] == "full_data")]
    rows = rows[rows["budget"] == 1].sort_values("size")
    expected = np.column_stack([rows["cpu_seconds"], 100 * rows["test_error"]])
    assert any(len(line) == 5 and np.allclose(line, expected) for line in lines_of(axes))
    numbers = {text.get_text(): text.xy for text in axes.texts if text.get_text().isdigit()}
    assert set(numbers) <= set("1234") and numbers  # the whole ensemble has a name
    for number, place in numbers.items():
        assert np.allclose(place, expected[int(number) - 1])
    bottom, top = axes.get_ylim()
    beyond = [size for size, (_, y) in enumerate(expected[:-1], 1) if not bottom < y < top]
    assert set(map(str, beyond)).isdisjoint(numbers) and len(numbers) == 4 - len(beyond)


def test_of_many_networks_round_numbers_are_shown():
    sizes = pd.DataFrame({"size": range(1, 26), "cost": range(1, 26), "error": 10.0})
    points = sizes.assign(approach="full_data", budget=1.0, variant="", seeds=3, timed_seeds=3)
    points["full_size"] = points["size"] == 25
    axes = new_figure(3).add_subplot()
    axes.set(xlim=(0, 26), ylim=(9, 11))
    both = pd.concat([points, points.assign(budget=0.5, error=9.5)])
    rows = fewer.fewer_networks(both, "cpu_seconds")
    obstacles = fewer.draw_fewer(axes, rows)
    assert [text.get_text() for text in axes.texts] == ["1", "2", "5", "10", "20"]
    assert len(obstacles) == 6 and len(rows) == 25
    untimed = both.assign(timed_seeds=[3, 2] * 25)  # means over other seeds for each size
    assert fewer.fewer_networks(untimed, "cpu_seconds").empty
    assert len(fewer.fewer_networks(untimed, "training_flops")) == 25
    assert fewer.fewer_networks(points.assign(seeds=[2] + [3] * 24), "training_flops").empty
    assert fewer.fewer_networks(points.assign(budget=0.5), "training_flops").empty


def test_the_title_says_what_fewer_networks_err_for_the_cost_of_mothernets(full):
    rows = full.estimates
    rows = rows[(rows["combination"] == "average") & (rows["budget"] == 1)]
    g1 = rows[(rows["approach"] == "mothernets") & (rows["g"] == 1) & rows["full_size"]].iloc[0]
    sizes = rows[(rows["approach"] == "full_data") & (rows["cpu_seconds"] <= g1["cpu_seconds"])]
    most = sizes.loc[sizes["size"].idxmax()]
    less = 100 * (g1["test_error"] - most["test_error"])
    title = pareto.draw(full.data()).get_suptitle().splitlines()
    said = f"{networks_in_words('full_data', most['size'])} of Full Data for no more cost: "
    said += f"{abs(less):.1f} pp {'less' if less > 0 else 'more'} error than MotherNets (mean)"
    assert most["size"] < 5 and title[1:] == [said]
    for factor in (100, 0.01):  # the cost pays for no network, or for all
        other = full.estimates
        other.loc[other["approach"] == "full_data", "cpu_seconds"] *= factor
        assert len(pareto.draw(full.data(estimates=other)).get_suptitle().splitlines()) == 1


def test_without_smaller_sizes_or_full_data_there_is_no_line(full):
    for rows in (full.estimates.query("full_size"), full.estimates.query("approach == 'bagging'")):
        figure = pareto.draw(full.data(estimates=rows))
        assert not [text for text in figure.axes[0].texts if text.get_text().isdigit()]
        assert "circle" not in words_of(figure)


def test_pareto_axis_is_logarithmic_beyond_a_decade(full):
    wide = full.estimates
    costs = [f"cpu_seconds{end}" for end in ("", "_low", "_high")]
    wide.loc[wide["approach"] == "bagging", costs] *= 20
    figure = pareto.draw(full.data(estimates=wide))
    assert_readable(figure, "logarithmic")
    assert figure.axes[0].get_xscale() == "log"
    assert pareto.draw(full.data()).axes[0].get_xscale() == "linear"
    shown = [text.get_text() for text in texts_of(figure)]
    assert sum(text.replace(",", "").isdigit() for text in shown) >= 4
    assert len(shown) == len(set(shown)), "a tick or label is there twice"


def test_points_without_a_clean_time_are_no_part_of_a_time_axis(full):
    estimates = full.estimates
    costs = [f"cpu_seconds{end}" for end in ("", "_low", "_high")]
    estimates.loc[estimates["approach"] == "bagging", costs] = np.nan
    words = words_of(pareto.draw(full.data(estimates=estimates)))
    assert "Bagging" not in words and "Full Data" in words
    errors, costs_of = size.draw(full.data(estimates=estimates)).axes
    names = [{line.get_label() for line in axes.get_lines()} for axes in (errors, costs_of)]
    assert "Bagging" in names[0]  # errors are known all the same
    assert "Bagging" not in names[1] and "Snapshot Ensembles" in names[1]
    (line,) = [line for line in errors.get_lines() if line.get_label() == "Bagging"]
    assert len(line.get_xdata()) == 5
    flops = full.data("training_flops", estimates=estimates)
    assert "Bagging" in words_of(pareto.draw(flops))
    estimates[costs] = np.nan
    assert "Nothing to show" in words_of(pareto.draw(full.data(estimates=estimates)))


# Intervals


def spans_of(axes) -> list[np.ndarray]:
    return [
        np.array(segment)
        for bars in axes.collections
        if hasattr(bars, "get_segments")
        for segment in bars.get_segments()
    ]


def test_absolute_intervals_are_those_of_error_and_cost(full):
    spans = spans_of(pareto.draw(replace(full.data(), absolute=True)).axes[0])
    rows = full.summary[(full.summary["approach"] == "bagging") & (full.summary["size"] == 5)]
    error = np.array(sorted(100 * rows["test_error"]))
    cost = np.array(sorted(rows["cpu_seconds"]))
    assert any(np.allclose(span[:, 1], error) and np.ptp(span[:, 0]) == 0 for span in spans)
    assert any(np.allclose(span[:, 0], cost) and np.ptp(span[:, 1]) == 0 for span in spans)


def test_intervals_are_of_the_paired_difference_to_full_data(full):
    figure = pareto.draw(full.data())
    spans = spans_of(figure.axes[0])
    rows = full.summary[(full.summary["size"] == 5) & (full.summary["budget"] == 1)]

    def errors(approach: str, g: int | None = None) -> np.ndarray:
        own = rows[(rows["approach"] == approach) & (rows["g"].fillna(0) == (g or 0))]
        return 100 * own.sort_values("seed")["test_error"].to_numpy()

    reference = errors("full_data")
    for key in (("bagging",), ("treenets",), ("mothernets", 1), ("mothernets", 3)):
        expected = np.sort(reference.mean() + errors(*key) - reference)
        assert any(np.allclose(np.sort(span[:, 1]), expected) for span in spans), key
    (full_data,) = {
        tuple(span[:, 1]) for span in spans if np.isclose(span[:, 1], reference.mean()).all()
    }
    assert full_data[0] == full_data[1]  # to itself there is none
    assert "interval of the difference to Full Data" in words_of(figure)


def test_the_reference_may_be_the_first_or_the_second_of_a_difference(full):
    table = full.differences
    swapped = table.rename(
        columns=lambda name: name.replace("first", "x").replace("second", "first")
    ).rename(columns=lambda name: name.replace("x_", "second_"))
    swapped["difference"] *= -1
    swapped[["difference_low", "difference_high"]] = -table[["difference_high", "difference_low"]]
    spans, turned = (
        spans_of(pareto.draw(full.data(differences=one)).axes[0]) for one in (table, swapped)
    )
    for one, other in zip(spans, turned, strict=True):
        np.testing.assert_allclose(one, other)


def test_without_full_data_intervals_are_absolute_and_the_legend_says_so():
    made = study(approaches={"bagging"})
    words = words_of(pareto.draw(made.data()))
    assert "95 % interval: 2 seeds" in words and "difference" not in words


def test_variants_are_small_points_without_a_label(full):
    plain = full.estimates
    shorter = plain[plain["approach"] == "mothernets"].assign(variant="hatched epochs x 0.5")
    for column in ("test_error", "test_error_low", "test_error_high"):
        shorter[column] += 0.02
    with_variants = pd.concat([plain, shorter], ignore_index=True)
    figure = pareto.draw(full.data(estimates=with_variants))
    words = words_of(figure)
    assert "MotherNets, g = 1" in words and "hatched epochs" not in words
    row = shorter[shorter["full_size"] & (shorter["combination"] == "average")].iloc[0]
    assert shows(figure.axes[0], row["cpu_seconds"], 100 * row["test_error"])


def test_pareto_takes_tables_read_back_from_csv(full, tmp_path):
    names = ("estimates", "differences", "networks")
    for name in names:
        write_table(getattr(full, name), tmp_path / f"{name}.csv")
    again = pareto.draw(full.data(**{n: read_table(tmp_path / f"{n}.csv") for n in names}))
    direct = pareto.draw(full.data())
    for of in (lines_of, spans_of):
        for one, other in zip(of(again.axes[0]), of(direct.axes[0]), strict=True):
            np.testing.assert_allclose(one, other)


def with_improved(full, names=("improved",)):
    """The study with named variants of MotherNets that err a point less each."""
    plain = full.estimates
    errors = [column for column in plain if column.startswith("test_error")]
    variants = []
    for place, name in enumerate(names, start=1):
        rows = plain[(plain["approach"] == "mothernets") & (plain["g"] < 5)].copy()
        rows["variant"] = name
        rows[errors] -= 0.01 * place
        variants.append(rows)
    return full.data(estimates=pd.concat([plain, *variants], ignore_index=True), title="")


def test_a_named_variant_is_a_second_line_of_the_same_colour(full):
    figure = pareto.draw(with_improved(full))
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert any(label.startswith("MotherNets, improved, g = 1") for label in labels)
    assert any(label.startswith("MotherNets, g = 1") for label in labels)  # nothing replaces it
    (legend,) = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert "MotherNets by number of clusters g" in named
    assert "MotherNets, improved, by number of clusters g" in named
    color = looks(["mothernets"])["mothernets"].color
    pale = [
        line
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
        and to_hex(line.get_markerfacecolor()) not in (color.lower(), to_hex("white"))
    ]
    assert len(pale) == 3
    assert {to_hex(line.get_markerfacecolor()) for line in pale} == {mix(color, "white", 0.7)}


def test_the_many_variants_of_a_search_are_no_lines(full):
    figure = pareto.draw(with_improved(full, ("a", "b", "c")))
    (legend,) = figure.legends
    named = [text.get_text() for text in legend.get_texts()]
    assert not [text for text in named if ", a " in text]


def test_a_small_point_far_above_lies_at_the_upper_edge_with_its_error(full):
    estimates = full.estimates
    plain = estimates["approach"] == "mothernets"
    far = estimates[plain & (estimates["g"] == 1)].assign(variant="hatched epochs x 0.1")
    far["test_error"] = far["test_error_low"] = far["test_error_high"] = 0.9
    both = pd.concat([estimates, far], ignore_index=True)
    figure = pareto.draw(full.data(estimates=both))
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    assert "↑ 90.0 %" in words_of(figure)
    at_edge = [line for line in axes.lines if list(line.get_ydata()) == [high]]
    assert len(at_edge) == 1 and not at_edge[0].get_clip_on()
    main = pareto.draw(full.data()).axes[0].get_ylim()
    assert high - low < 2.5 * (main[1] - main[0])
    assert_readable(figure, "far above")
