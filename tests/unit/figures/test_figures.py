"""Figures: what they show is what the tables say, and no text covers another."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.looking import (
    assert_readable,
    full_rows,
    lines_of,
    shows,
    texts_of,
    words_of,
)
from support.synthetic_study import ERRORS, NAMES, kept, study

from mnbench.evaluation.dominance import pareto_front
from mnbench.evaluation.tables.files import read_table, write_table
from mnbench.figures import (
    FIGURES,
    catalogue,
    cost_breakdown,
    pareto,
    size,
    style,
    training_curves,
)

TITLES = {approach: look.title for approach, look in style.looks(a for a, _, _ in ERRORS).items()}
TITLE = "Fashion-MNIST, v5-small"
STUDIES = {
    "everything": {},
    "one seed": {"seeds": (0,)},
    "one approach": {"approaches": {"full_data"}},
    "no treenets": {"approaches": {a for a, _, _ in ERRORS} - {"treenets"}},
    "unknown approaches": {"approaches": {"mothernets", "my_method", "another_one"}},
    "only an unknown approach": {"approaches": {"my_method"}, "seeds": (3,)},
    "snapshots alone": {"approaches": {"snapshot_ensembles"}},
    "treenets alone": {"approaches": {"treenets"}},
    "no full budget, a smaller tree": {
        "keep": lambda e: (
            e.budget != 1 if e.approach == "full_data" else e.members[0].name[-1:] != "5"
        )
    },
}

IN_THE_INNER_LOOP = ("everything", "one approach")  # to draw every figure of a study takes seconds


@pytest.fixture(scope="module")
def full():
    return study()


@pytest.fixture(
    params=[
        pytest.param(options, id=name, marks=[pytest.mark.slow] * (name not in IN_THE_INNER_LOOP))
        for name, options in STUDIES.items()
    ],
    scope="module",
)
def any_study(request):
    options = dict(request.param)
    keep = options.pop("keep", None)
    return kept(study(**options), keep) if keep else study(**options)


@pytest.fixture(scope="module")
def figures(any_study):
    made = any_study
    return {
        **{name: catalogue.draw(name, made.data(title=TITLE)) for name in FIGURES},
        "absolute": pareto.draw(replace(made.data(title=TITLE), absolute=True)),
    }


def test_no_text_covers_another_and_all_lie_on_the_page(figures):
    for name, figure in figures.items():
        assert_readable(figure, name)


def test_every_approach_is_named_in_every_overview(any_study, figures):
    for approach in any_study.summary["approach"].unique():
        title = TITLES.get(approach, approach.replace("_", " ").capitalize())
        for name in ("pareto", "size", "cost_breakdown"):
            assert title in words_of(figures[name]), name


def test_labels_of_the_main_figure_cover_no_marker(any_study, figures):
    figure = figures["pareto"]
    (axes,) = figure.axes
    figure.draw_without_rendering()
    points = full_rows(any_study.summary)
    places = axes.transData.transform(
        np.column_stack([points["cpu_seconds"], 100 * points["test_error"]])
    )
    labels = [text for text in axes.texts if text.get_text()]
    assert labels
    for label in labels:
        box = label.get_window_extent(figure.canvas.get_renderer())
        assert not any(box.contains(*place) for place in places), label.get_text()


def test_no_panel_is_empty(figures):
    for name, figure in figures.items():
        for axes in figure.axes:
            assert axes.has_data() or axes.get_legend(), name


@pytest.mark.parametrize("cost", style.COST_UNITS)
def test_every_cost_can_be_the_axis(full, cost):
    for figure in (
        pareto.draw(full.data(cost)),
        size.draw(full.data(cost)),
        cost_breakdown.draw(full.data(cost)),
    ):
        label = style.quantity(cost, [1e13]).label if cost == "training_flops" else cost
        word = {"training_flops": "FLOPs"}.get(cost, label.split("_")[0].replace("cpu", "CPU"))
        assert word in words_of(figure)


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


def test_pareto_takes_tables_read_back_from_csv(full, tmp_path):
    names = ("estimates", "differences", "networks")
    for name in names:
        write_table(getattr(full, name), tmp_path / f"{name}.csv")
    again = pareto.draw(full.data(**{n: read_table(tmp_path / f"{n}.csv") for n in names}))
    direct = pareto.draw(full.data())
    for of in (lines_of, spans_of):
        for one, other in zip(of(again.axes[0]), of(direct.axes[0]), strict=True):
            np.testing.assert_allclose(one, other)


def test_size_plots_error_and_cost_at_every_size(full):
    left, right = size.draw(full.data()).axes
    rows = full.summary[full.summary["budget"] == 1]
    means = rows.groupby(["approach", "g", "size"], dropna=False)[["test_error", "cpu_seconds"]]
    for (_, _, networks), row in means.mean().iterrows():
        assert shows(left, networks, 100 * row["test_error"])
        assert shows(right, networks, row["cpu_seconds"])
    lines = {line.get_label(): line for line in left.get_lines()}
    assert lines["TreeNets"].is_dashed()  # it ran at sizes 3 and 5 only
    assert not lines["Bagging"].is_dashed()
    assert len(lines["Bagging"].get_xdata()) == 5


def test_bands_of_size_are_the_intervals(full):
    left, _ = size.draw(full.data()).axes
    rows = full.summary[(full.summary["approach"] == "mothernets") & (full.summary["g"] == 1)]
    ranges = 100 * rows.groupby("size")["test_error"].agg(["min", "max"])
    corners = {(networks, value) for networks, row in ranges.iterrows() for value in row}
    bands = [
        {(x, y) for path in band.get_paths() for x, y in path.vertices} for band in left.collections
    ]
    assert any(
        all(any(np.allclose(corner, point) for point in band) for corner in corners)
        for band in bands
    )


def test_the_same_networks_under_two_names_are_one_line(full):
    left, _ = size.draw(full.data()).axes
    labels = [line.get_label() for line in left.get_lines()]
    assert "Full Data = MotherNets, g = 5" in labels
    assert "Full Data" not in labels and "MotherNets, g = 5" not in labels
    assert "MotherNets, g = 1" in labels
    other = kept(full, lambda e: (e.approach, e.g) != ("mothernets", 5))
    labels = [line.get_label() for line in size.draw(other.data()).axes[0].get_lines()]
    assert "Full Data" in labels


def test_bars_add_up_to_the_summary_with_the_shared_part_first(full):
    bars = cost_breakdown.bars(full.plan, full.networks, "cpu_seconds")
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


def test_breakdown_draws_the_bars_it_computes(full):
    figure = cost_breakdown.draw(full.data())
    bars = cost_breakdown.bars(full.plan, full.networks, "cpu_seconds")
    widths = sorted(patch.get_width() for patch in figure.axes[0].patches)
    # MotherNets with a cluster a network are Full Data's trainings: one bar with both names.
    once = {bar.segments for bar in bars}
    assert len(once) == len(bars) - 1
    expected = sorted(segment.cost for segments in once for segment in segments)
    np.testing.assert_allclose(widths, expected)
    words = words_of(figure)
    assert all(name in words for name in NAMES)
    assert "MotherNets, g = 3" in words and "Full Data =\nMotherNets, g = 5" in words


def test_trainings_that_cost_the_same_are_not_the_same(full):
    # Bagging sees as many examples as Full Data, in other networks.
    axes = cost_breakdown.draw(full.data("examples")).axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert "Bagging" in names and "Full Data =\nMotherNets, g = 5" in names


def test_hatched_curves_join_the_end_of_their_mothernet(full):
    curves = training_curves.curves(full.plan, full.histories)
    hatched = [curve for curve in curves if curve.approach == "mothernets"]
    scratch = [curve for curve in curves if curve.approach == "full_data"]
    assert len(hatched) == len(scratch) == 10
    for curve in hatched:
        assert curve.inherited[:, 0].tolist() == list(range(1, 11))
        assert curve.own[:, 0].tolist() == [11, 12, 13, 14]
    for curve in scratch:
        assert not len(curve.inherited)
        assert curve.own[:, 0].tolist() == list(range(1, 11))
    figure = training_curves.draw(full.data())
    panel = next(axes for axes in figure.axes if axes.get_title() == "vgg-9")
    mine = [curve for curve in hatched if curve.network == "vgg-9"]
    every = lines_of(panel)

    def is_drawn(points) -> bool:
        return any(line.shape == points.shape and np.allclose(line, points) for line in every)

    for curve in mine:
        assert is_drawn(curve.inherited)
        assert is_drawn(curve.own)  # measured epochs only: nothing is made up before the first
        assert is_drawn(np.stack([curve.inherited[-1], curve.own[0]]))
    (dot,) = [line for line in panel.get_lines() if line.get_marker() == "o"]
    np.testing.assert_allclose(
        np.concatenate(dot.get_data()), np.mean([c.inherited[-1] for c in mine], axis=0)
    )
    legend = words_of(figure)
    for label in ("its MotherNet (10 epochs)", "its MotherNet's end", "hatched from it (4 epochs)"):
        assert label in legend


def test_one_epoch_is_a_point_in_the_panel_and_in_the_legend(full):
    hatched = full.histories["record"].str.contains("@g")
    histories = full.histories[~hatched | (full.histories["epoch"] == 1)]
    figure = training_curves.draw(full.data(histories=histories))
    panel = next(axes for axes in figure.axes if axes.get_title() == "vgg-9")
    color = style.looks(["mothernets"])["mothernets"].color
    ends = [np.concatenate(line.get_data()) for line in panel.get_lines() if is_point(line, color)]
    (end,) = ends
    assert end[0] == 11
    legend = next(axes.get_legend() for axes in figure.axes if axes.get_legend())
    (handle,) = [h for h in legend.legend_handles if h.get_label() == "hatched from it (1 epoch)"]
    assert is_point(handle, color)
    mothernet = full.histories["record"].str.contains("mothernet-")
    first = full.histories[~(hatched | mothernet) | (full.histories["epoch"] == 1)]
    words = words_of(training_curves.draw(full.data(histories=first)))
    assert "its MotherNet's end (1 epoch)" in words and "its MotherNet (" not in words


def is_point(line, color) -> bool:
    return (line.get_marker(), line.get_color()) == (".", color)


def test_steep_curves_are_not_clipped(full):
    first = full.histories["epoch"] == 1
    accuracy = full.histories["validation_accuracy"].where(~first, 0.1)
    steep = full.histories.assign(validation_accuracy=accuracy)
    for histories, scale in ((full.histories, "linear"), (steep, "log")):
        figure = training_curves.draw(full.data(histories=histories))
        panels = [axes for axes in figure.axes if axes.get_lines()]
        for axes in panels:
            low, high = axes.get_ylim()
            errors = np.concatenate([line[:, 1] for line in lines_of(axes)])
            assert low <= errors.min() and errors.max() <= high
            assert axes.get_yscale() == scale
        ticks = [text for text in texts_of(figure) if text in panels[0].get_yticklabels()]
        assert len(ticks) >= 3
        assert_readable(figure, scale)


def test_joint_trainings_alone_have_no_curves_and_the_figure_says_so():
    made = study(approaches={"treenets"}, seeds=(0,))
    figure = training_curves.draw(made.data(title="Curves"))
    assert not figure.axes
    (title, sentence) = sorted(texts_of(figure), key=lambda text: len(text.get_text()))
    assert title.get_text() == "Curves"
    assert sentence.get_text().startswith("Nothing to show: ")
    assert sentence.get_ha() == "center"


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_of_nothing_is_drawn_as_nothing(full, name):
    made = kept(full, lambda e: False)
    figure = catalogue.draw(name, made.data(title="Empty"))
    assert "Nothing to show: " in words_of(figure) and "Empty" in words_of(figure)
    assert_readable(figure, name)


def test_without_the_full_budget_the_largest_is_shown_and_named(full):
    made = kept(full, lambda e: e.approach == "single_network" or e.budget == 0.5)
    made = kept(made, lambda e: e.approach != "single_network" or e.budget > 1)
    bars = cost_breakdown.bars(made.plan, made.networks, "cpu_seconds")
    means = full_rows(made.summary).set_index(["approach", "budget"])["cpu_seconds"]
    assert {(bar.approach, bar.budget): pytest.approx(bar.total) for bar in bars} == {
        key: means[key] for key in (("full_data", 0.5), ("single_network", 4.0))
    }
    curves = training_curves.curves(made.plan, made.histories)
    assert {(c.approach, c.budget, len(c.own)) for c in curves} == {("full_data", 0.5, 5)}
    for name in ("size", "cost_breakdown"):
        words = words_of(catalogue.draw(name, made.data()))
        assert "Full Data, half the epochs" in words
        assert "One network alone, 4 times the epochs" in words
        assert "twice" not in words
    words = words_of(training_curves.draw(made.data()))
    assert "from scratch, half the epochs (5 epochs)" in words


def test_breakdown_names_the_teacher(full):
    (bar,) = [
        bar
        for bar in cost_breakdown.bars(full.plan, full.networks, "cpu_seconds")
        if bar.approach == "knowledge_distillation"
    ]
    assert [segment.names for segment in bar.segments if segment.shared] == [
        ("vgg-7-wide (teacher)", "teacher")
    ]
    figure = cost_breakdown.draw(full.data())
    assert any("teacher" in text.get_text() for text in figure.axes[0].texts)


def test_pareto_names_the_size_of_an_approach_with_fewer_networks(full):
    words = words_of(pareto.draw(full.data()))
    assert "networks)" not in words
    made = kept(full, lambda e: e.approach != "treenets" or e.size == 3)
    words = words_of(pareto.draw(made.data()))
    assert words.count("networks)") == 1
    assert "TreeNets (3 networks)" in words


@pytest.mark.slow
def test_the_catalogue_draws_every_name_and_no_other(full):
    for name in FIGURES:
        figure = catalogue.draw(name, full.data(title=f"About {name}"))
        assert f"About {name}" in words_of(figure)
    with pytest.raises(ValueError, match=r"'sizes'.*pareto"):
        catalogue.draw("sizes", full.data())


def test_the_names_of_the_figures_cost_no_imports():
    code = """
import sys
from mnbench.figures import FIGURES
assert FIGURES["pareto"].title and FIGURES["pareto"].caption.endswith(".")
assert not {"matplotlib", "pandas", "numpy", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_looks_are_distinct_and_unknown_approaches_get_their_own():
    names = [*TITLES, "my_method", "b_method", "zeta"]
    looks = style.looks(names)
    assert looks["my_method"].title == "My method"
    assert len({look.color for look in looks.values()}) == len(names)
    assert len({look.marker for look in looks.values()}) == len(names)
    assert list(looks)[-1] == "single_network"


@pytest.mark.parametrize(
    ("cost", "largest", "label", "unit"),
    [
        ("cpu_seconds", 96, "CPU-seconds", 1),
        ("cpu_seconds", 40_000, "CPU-hours", 3600),
        ("training_flops", 2e12, "TFLOPs", 1e12),
        ("training_flops", 5, "GFLOPs", 1e9),
        ("examples", 550_000, "thousand examples", 1e3),
        ("epochs", 50, "epochs", 1),
    ],
)
def test_units_fit_the_values(cost, largest, label, unit):
    quantity = style.quantity(cost, [largest / 3, largest])
    assert quantity.unit == unit
    assert f"({label})" in quantity.label


def test_saved_files_are_the_same_each_time_and_pdf_text_stays_text(full, tmp_path):
    for run in ("a", "b"):
        figure = size.draw(full.data())
        style.save_figure(
            figure, *(tmp_path / run / f"size.{kind}" for kind in ("png", "pdf", "svg"))
        )
    for kind in ("png", "pdf", "svg"):
        one, other = (tmp_path / run / f"size.{kind}" for run in ("a", "b"))
        assert one.read_bytes() == other.read_bytes(), kind
    pdf = (tmp_path / "a" / "size.pdf").read_bytes()
    assert b"/Type3" not in pdf and b"CreationDate" not in pdf


@pytest.mark.slow
def test_drawing_neither_imports_torch_nor_changes_matplotlib():
    code = """
import pkgutil, sys, importlib
import matplotlib as mpl
import seaborn
import mnbench.evaluation, mnbench.figures
before = dict(mpl.rcParams)
for package in (mnbench.evaluation, mnbench.figures):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
from support.synthetic_study import study
from mnbench.figures import FIGURES, catalogue
made = study()
for name in FIGURES:
    catalogue.draw(name, made.data())
import matplotlib.pyplot as plt
assert "torch" not in sys.modules, "torch was imported"
assert not plt.get_fignums(), "a figure of pyplot's is open"
assert dict(mpl.rcParams) == before, "settings leak"
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
