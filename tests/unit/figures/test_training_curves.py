"""Training curves: a hatched network's begins where its MotherNet's ends."""

from dataclasses import replace

import numpy as np
from support.looking import assert_readable, lines_of, texts_of, words_of
from support.synthetic_study import study

from mnbench.figures import style, training_curves


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


def test_seeds_without_the_g_or_size_that_is_shown_are_no_part_of_a_mean(full):
    shared = full.plan.ensembles[0].dataset, full.plan.ensembles[0].architecture_set
    (mother,) = {
        record
        for e in full.plan.ensembles
        if (e.approach, e.g, e.seed, e.size) == ("mothernets", 1, 1, 5)
        for record in full.plan.lineage(e.members)
        if full.plan.trainings[record].role == "mothernet"
    }
    lacking = {str(mother), "/".join([*shared, "seed0", "full_data", "vgg-9"])}
    histories = full.histories[~full.histories["record"].isin(lacking)]
    assert histories["record"].nunique() == full.histories["record"].nunique() - 2
    curves = training_curves.curves(full.plan, histories)
    assert {(c.approach, c.seed) for c in curves} == {("mothernets", 0), ("full_data", 1)}
    assert len(curves) == 10
    hatched = [curve for curve in curves if curve.approach == "mothernets"]
    assert {(len(c.inherited), c.own[0, 0]) for c in hatched} == {(10, 11)}  # all of g = 1
    words = words_of(training_curves.draw(full.data(histories=histories)))
    assert "its MotherNet (10 epochs)" in words and "seeds" not in words


def test_a_larger_ensemble_comes_before_a_smaller_g(full):
    second = {  # of g = 1, in every seed
        str(e.members[1])
        for e in full.plan.ensembles
        if (e.approach, e.g, e.size) == ("mothernets", 1, 5)
    }
    histories = full.histories[~full.histories["record"].isin(second)]
    curves = training_curves.curves(full.plan, histories)
    assert sum(curve.approach == "mothernets" for curve in curves) == 2 * 5  # of g = 2


def test_ancestors_that_are_members_are_no_mothernet(full):
    hatched = {
        ensemble.members
        for ensemble in full.plan.ensembles
        if (ensemble.approach, ensemble.g, ensemble.size) == ("mothernets", 1, 5)
    }
    trainings = dict(full.plan.trainings)
    for first, *others in hatched:
        for id in others:  # a tree: the first member hatches all others
            trainings[id] = replace(trainings[id], parents=(first,))
    plan = replace(full.plan, trainings=trainings)
    words = words_of(training_curves.draw(replace(full.data(), plan=plan)))
    assert "its ancestors (10 to 14 epochs) | its ancestors' end" in words
    assert "its own training (4 epochs)" in words and "epochs, ancestors included" in words
    assert "MotherNet" not in words and "hatched" not in words


def test_a_network_hatched_from_an_untrained_mothernet_has_a_curve_of_its_own(full):
    untrained = {
        id: replace(training, recipe={"epochs": 0})
        for id, training in full.plan.trainings.items()
        if training.role == "mothernet"
    }
    plan = replace(full.plan, trainings=full.plan.trainings | untrained)
    histories = full.histories[~full.histories["record"].isin(list(map(str, untrained)))]
    curves = training_curves.curves(plan, histories)
    hatched = [curve for curve in curves if curve.approach == "mothernets"]
    assert len(hatched) == 10
    for curve in hatched:
        assert curve.inherited.shape == (0, 2)
        assert curve.own[:, 0].tolist() == [1, 2, 3, 4]
    words = words_of(training_curves.draw(replace(full.data(histories=histories), plan=plan)))
    assert "MotherNets (4 epochs)" in words and "its MotherNet" not in words


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
