"""Error and cost against size: every size is shown, and the same networks once."""

from dataclasses import replace

import numpy as np
import pandas as pd
from support.looking import shows
from support.synthetic_study import kept

from mnbench.figures import size


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


def test_a_wider_network_says_that_it_is_as_large_as_so_many_networks(full):
    data = full.data()
    estimates = data.tables["estimates"]
    wider = estimates[(estimates["approach"] == "bagging") & (estimates["size"] == 5)]
    wider = wider.assign(approach="wider_network", test_error=0.113)
    tables = {**data.tables, "estimates": pd.concat([estimates, wider], ignore_index=True)}
    figure = size.draw(replace(data, tables=tables))
    left, _ = figure.axes
    (line,) = [line for line in left.get_lines() if "wider" in line.get_label()]
    assert line.get_label() == "One wider network (as large as m)"
    assert list(line.get_xdata()) == [5]


def test_the_same_networks_under_two_names_are_one_line(full):
    left, _ = size.draw(full.data()).axes
    labels = [line.get_label() for line in left.get_lines()]
    assert "Full Data = MotherNets, g = 5" in labels
    assert "Full Data" not in labels and "MotherNets, g = 5" not in labels
    assert "MotherNets, g = 1" in labels
    other = kept(full, lambda e: (e.approach, e.g) != ("mothernets", 5))
    labels = [line.get_label() for line in size.draw(other.data()).axes[0].get_lines()]
    assert "Full Data" in labels


def test_a_line_of_many_sizes_has_markers_that_do_not_touch(full):
    (axes, _) = size.draw(full.data()).axes
    (few,) = [line for line in axes.get_lines() if line.get_label() == "Bagging"]
    assert few.get_markevery() == list(range(5))
    one = full.estimates[full.estimates["approach"] == "bagging"].iloc[[0]]
    many = pd.concat([one.assign(size=networks) for networks in range(1, 101)])
    figure = size.draw(full.data(estimates=many))
    (line,) = figure.axes[0].get_lines()
    marked = line.get_markevery()
    assert marked[0] == 0 and marked[-1] == 99 and len(line.get_xdata()) == 100
    figure.draw_without_rendering()
    places = figure.axes[0].transData.transform(line.get_xydata()[marked])
    apart = np.diff(places[:, 0]).min() * 72 / figure.dpi
    assert apart > line.get_markersize()
