"""The README's passages: filled from tables, whole, and with words that fit the numbers."""

from math import nan
from pathlib import Path

import pandas as pd
import pytest

from mnbench.errors import UserError
from mnbench.evaluation.tables.files import read_table, write_table
from mnbench.naming import point_name
from mnbench.report.numbers import Results
from mnbench.report.passages import fill

README = "# A\n<!-- numbers: one -->\nold\n<!-- end -->\nkept\n"


@pytest.fixture
def results(tables_of_tiny) -> Results:
    return Results(tables_of_tiny)


def block(text: str, name: str = "one") -> str:
    return f"{{% block {name} %}}\n{text}\n{{% endblock %}}"


def filled(text: str, results: Results) -> str:
    return fill(README, block(text), {"tiny": results})


def test_a_passage_is_replaced_and_nothing_else(results):
    once = filled("{{ tiny.seeds }} seed", results)
    assert once == README.replace("old", "1 seed")
    assert fill(once, block("{{ tiny.seeds }} seed"), {"tiny": results}) == once


def test_points_ratios_and_differences_are_those_of_the_tables(results, tables_of_tiny):
    estimates = read_table(tables_of_tiny / "estimates.csv")
    rows = estimates[estimates["full_size"] & (estimates["combination"] == "average")]
    one = rows[rows["g"] == 2].iloc[0]
    full = rows[(rows["approach"] == "full_data")].iloc[0]
    assert results.point("v5-small", "MotherNets, g = 2")["test_error"] == one["test_error"]
    for cost in ("training_flops", "cpu_seconds"):
        found = results.ratio("v5-small", cost, "MotherNets, g = 2")
        assert found == pytest.approx(one[cost] / full[cost])
    there = results.difference("v5-small", "MotherNets, g = 2", "Full Data")
    back = results.difference("v5-small", "Full Data", "MotherNets, g = 2")
    assert there[0] == pytest.approx(one["test_error"] - full["test_error"])
    assert back == pytest.approx((-there[0], -there[2], -there[1]))
    assert there[1] <= there[0] <= there[2]


def test_a_point_has_any_size_of_its_ensemble(results, tables_of_tiny):
    estimates = read_table(tables_of_tiny / "estimates.csv")
    rows = estimates[
        (estimates["approach"] == "full_data") & (estimates["combination"] == "average")
    ]
    for networks in (1, 3, 5):
        (error,) = rows.loc[rows["size"] == networks, "test_error"]
        assert results.point("v5-small", "Full Data", networks)["test_error"] == error
    assert results.point("v5-small", "Full Data")["size"] == rows["size"].max()
    with pytest.raises(KeyError, match="no point 'Full Data'"):
        results.point("v5-small", "Full Data", 99)


@pytest.mark.parametrize("quantity", ["error_growth", "largest_hatching_difference"])
def test_what_claims_measured_is_that_of_the_table(results, tables_of_tiny, quantity):
    claims = read_table(tables_of_tiny / "claims.csv")
    row = claims[claims["quantity"] == quantity].fillna({"approach": ""}).iloc[0]
    names = [row[key] for key in ("architecture_set", "claim", "quantity", "approach")]
    expected = tuple(row[["measured", "measured_low", "measured_high"]].astype(float))
    assert results.measured(*names) == pytest.approx(expected, nan_ok=True)
    with pytest.raises(KeyError, match=f"not one '{quantity}' of 'bagging'"):
        results.measured(*names[:3], "bagging")


def test_fewer_networks_of_full_data_are_the_most_that_a_points_cost_buys(results):
    axis = "training_flops"
    sizes = [results.point("v5-small", "Full Data", networks) for networks in range(1, 6)]
    bought = {
        name: [point["size"] for point in sizes if point[axis] <= most]
        for name in ("One network alone", "MotherNets, g = 1")
        for most in [results.point("v5-small", name)[axis]]
    }
    assert 0 < len(bought["One network alone"]) < 5
    for name, networks in bought.items():
        assert results.whole_networks("v5-small", name)["size"] == max(networks)


def test_epochs_are_those_of_an_approachs_trainings(results, tables_of_tiny):
    networks = read_table(tables_of_tiny / "networks.csv")
    networks = networks[networks["approach"] == "mothernets"]
    for role in ("member", "mothernet"):
        expected = networks.loc[networks["role"] == role, "epochs"]
        assert list(results.epochs("v5-small", "mothernets", role)) == list(expected)
    with pytest.raises(KeyError, match="no mothernet of 'bagging' in 'v5-small'"):
        results.epochs("v5-small", "bagging", "mothernet")


def test_gains_on_budget_curves_and_shares_of_the_front_are_those_of_the_tables(
    results, tables_of_tiny
):
    axis = "training_flops"
    table = read_table(tables_of_tiny / "equal_error.csv")
    row = table[(table["cost"] == axis) & (table["against"] == "bagging") & (table["g"] == 2)]
    for quantity in ("speed_up", "error_gain"):
        found = results.against("v5-small", axis, "MotherNets, g = 2", "bagging", quantity)
        expected = row.iloc[0][[quantity, f"{quantity}_low", f"{quantity}_high"]].astype(float)
        assert found == pytest.approx(tuple(expected), nan_ok=True)
    with pytest.raises(KeyError, match="not compared at equal error"):
        results.against("v5-small", axis, "MotherNets, g = 2", "mothernets", "speed_up")
    fronts = read_table(tables_of_tiny / "fronts.csv")
    one = fronts[(fronts["cost"] == axis) & (fronts["g"] == 2) & fronts["on_front"].notna()]
    assert results.front_share("v5-small", axis, "MotherNets, g = 2") == one.iloc[0]["on_front"]
    with pytest.raises(KeyError, match="no point 'Another' among the fronts"):
        results.front_share("v5-small", axis, "Another")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        ((1.5, 1.25, 2.0), "1.50 (1.25 to 2.00)"),
        ((1.5, nan, nan), "1.50"),
        ((nan, nan, nan), "not reached"),
    ],
)
def test_ratios_are_written_with_their_intervals(ratio, words):
    assert words in fill(README, block("{{ ratio | times }}"), {"ratio": ratio})


def test_a_passage_can_ask_whether_there_is_a_point(results):
    assert results.has("v5-small", "Full Data")
    assert not results.has("v5-small", "Another network")
    assert not results.has("v25-small", "Full Data")


def test_the_front_is_the_cheapest_first_and_ever_better(results):
    front = [results.point("v5-small", p) for p in results.on_front("v5-small", "training_flops")]
    costs = [row["training_flops"] for row in front]
    errors = [row["test_error"] for row in front]
    assert costs == sorted(costs) and errors == sorted(errors, reverse=True)


def test_a_search_is_counted_in_variants_and_in_ensembles_of_every_seed(results):
    points = [
        ("full_data", "", 3),
        ("full_data", "stable", 3),
        ("full_data", "stable, hatched epochs x 2", 2),
        ("full_data", "linear", 2),
        ("treenets", "stable", 2),
    ]
    searched = pd.DataFrame(points, columns=["approach", "variant", "seeds"])
    results.__dict__["dataset"] = "mnist"
    results.__dict__["averaged"] = searched.assign(  # in the place of the cached ones
        full_size=True,
        dataset="mnist",
        architecture_set="five",
        budget=1.0,
        evaluated_on="test",
        test_error=0.1,
        training_flops=1e12,
    )
    assert (results.variants("full_data"), results.ensembles("full_data")) == (2, 10)
    assert (results.variants("treenets"), results.ensembles("treenets")) == (1, 2)
    full_data, treenets = results.searches("five").split("TreeNets:\n\n")
    assert full_data.startswith("Full Data:\n\n| variant |") and "| linear |" in full_data
    assert treenets.count("\n") == 2


def test_a_template_lists_the_claims_of_several_runs(results, tables_of_tiny):
    rows = read_table(tables_of_tiny / "verdicts.csv")
    said = filled("{{ {'tiny': tiny.verdicts} | claims_table }}", results)
    for row in rows.to_dict("records"):
        (line,) = (line for line in said.splitlines() if f"| {row['statement']} |" in line)
        cells = line.removesuffix(" |").split(" | ")[1:]
        for cell, comparison in zip(cells, ("page", "curves"), strict=True):
            assert cell.startswith(row[f"verdict_{comparison}"])


@pytest.mark.parametrize(
    ("difference", "points", "signed"),
    [
        ((0.0149, 0.012, 0.018), "1.49 points more (1.20 to 1.80)", "+1.49 (+1.20 to +1.80)"),
        ((-0.0149, -0.018, 0.001), "1.49 points less (-0.10 to 1.80)", "-1.49 (-1.80 to +0.10)"),
    ],
)
def test_a_difference_is_said_as_more_or_less(results, difference, points, signed):
    said = filled(f"{{{{ {difference} | points }}}}; {{{{ {difference} | signed }}}}", results)
    assert f"{points}; {signed}\n" in said


@pytest.mark.parametrize(
    "text",
    [
        "{{ tiny.point('v5-small', 'MotherNets, g = 9') }}",
        "{{ tiny.difference('v5-small', 'Full Data', 'nothing') }}",
        "{{ other.seeds }}",
        "{{ tiny.colour }}",
        "{% if %}",
    ],
)
def test_what_the_tables_do_not_have_is_an_error(results, text):
    with pytest.raises(UserError, match="template"):
        filled(text, results)


def test_a_passage_without_a_block_is_an_error(results):
    with pytest.raises(UserError, match="same passages: one, two"):
        fill(README, block("x", "two"), {"tiny": results})


def test_a_missing_table_is_an_error(tmp_path: Path):
    with pytest.raises(UserError, match=r"estimates\.csv: not a readable table"):
        fill(README, block("{{ tiny.seeds }}"), {"tiny": Results(tmp_path)})


def test_fewer_networks_are_those_of_their_table(results, tables_of_tiny):
    axis = "training_flops"
    table = read_table(tables_of_tiny / "fewer_networks.csv")
    table = table[table["cost"] == axis]
    assert not table.empty
    for row in table.to_dict("records"):
        name = point_name(row)
        found = results.fewer("v5-small", axis, name)
        gain, low, high = results.gain_on_fewer("v5-small", axis, name)
        assert found["networks"] == row["networks"]
        assert low == row["error_gain_low"] <= gain <= high
        rival, own = results.whole_networks("v5-small", name), results.point("v5-small", name)
        assert found["networks"] == rival["size"]
        assert found["cost_share"] == pytest.approx(rival[axis] / own[axis])
        assert gain == pytest.approx(rival["test_error"] - own["test_error"])
    with pytest.raises(KeyError, match="not compared with fewer networks"):
        results.fewer("v5-small", axis, "Full Data")


def test_a_study_of_two_data_sets_is_read_one_at_a_time(tables_of_tiny, tmp_path):
    for path in tables_of_tiny.glob("*.csv"):
        rows = read_table(path)
        other = rows.assign(dataset="other") if "dataset" in rows else rows.iloc[:0]
        if path.stem == "estimates":
            other["test_error"] += 0.25
        write_table(pd.concat([rows, other], ignore_index=True), tmp_path / path.name)
    both, alone = Results(tmp_path), Results(tables_of_tiny)
    name = "MotherNets, g = 2"
    first = alone.point("v5-small", name)["test_error"]
    assert both.point("v5-small", name)["test_error"] == first
    of_other = both.of("other")
    assert of_other.point("v5-small", name)["test_error"] == pytest.approx(first + 0.25)
    assert len(of_other.networks) == len(both.networks) == len(alone.networks)
    assert of_other.difference("v5-small", name, "Full Data") == alone.difference(
        "v5-small", name, "Full Data"
    )
    with pytest.raises(KeyError, match="no data set 'absent'"):
        both.of("absent")
