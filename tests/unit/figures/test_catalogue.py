"""Every figure of every study: no text covers another, and what is not there is not shown."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.fresh_process import run_fresh
from support.looking import TITLES, assert_readable, full_rows, words_of
from support.synthetic_plan import ERRORS
from support.synthetic_study import kept, study

from mnbench.figures import FIGURES, catalogue, cost_breakdown, pareto, size, style, training_curves

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


@pytest.mark.parametrize("name", FIGURES)
def test_a_study_of_nothing_is_drawn_as_nothing(full, name):
    made = kept(full, lambda e: False)
    figure = catalogue.draw(name, made.data(title="Empty"))
    assert "Nothing to show: " in words_of(figure) and "Empty" in words_of(figure)
    assert_readable(figure, name)


def test_without_the_full_budget_the_largest_is_shown_and_named(full):
    made = kept(full, lambda e: e.approach == "single_network" or e.budget == 0.5)
    made = kept(made, lambda e: e.approach != "single_network" or e.budget > 1)
    bars = cost_breakdown.bars(made.plan, made.networks, made.summary, "cpu_seconds")
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


def test_a_caption_counts_the_times_that_its_own_figure_leaves_out(full):
    table = full.summary
    flagged = full.networks.assign(shared_device=True, lineage_shared_device=True)

    def said(shared) -> dict[str, str]:
        made = replace(full, networks=flagged, summary=table.assign(shared_device=shared))
        drawn = {name: words_of(catalogue.draw(name, made.data())) for name in names}
        return {name: words.partition(" left out")[0] for name, words in drawn.items()}

    names = [name for name, entry in FIGURES.items() if entry.cost_axis]
    ours = (table["approach"] == "mothernets") & (table["seed"] == 0)
    cases = {
        "smaller": (ours & (table["size"] < 5), {"size"}),
        "shorter": (table["budget"] == 0.5, {"attainment", "pareto", "speed_up"}),
        "full": (ours & (table["size"] == 5) & (table["budget"] == 1), set(names)),
    }
    for case, (shared, warned) in cases.items():
        for name, words in said(shared).items():
            number = f"times of {int(shared.sum())} of "
            assert (number in words) == (name in warned), (case, name)
    assert not any("times of" in words for words in said(False).values())


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
    run_fresh(code)
