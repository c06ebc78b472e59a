"""`mnbench plan --budget`: made-up pilots whose best split is known, and every refusal."""

import re
from argparse import ArgumentTypeError
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support.tiny import APPROACHES, SOURCE, config, plan_of

from mnbench.cli import main
from mnbench.commands.arguments import flops
from mnbench.errors import UserError
from mnbench.evaluation.pilot import read_pilot
from mnbench.evaluation.tables.files import read_table, write_table
from mnbench.planning.config import read_study
from mnbench.planning.forecast import forecast
from mnbench.planning.splits import BudgetSplit, split_of
from mnbench.report.budget import _values, proposals
from mnbench.yaml_files import read_yaml

ROOT = Path(__file__).parents[3]
RECIPE = {"epochs": 10}
# Every g with 5 + 1, 5 + 2, 10 + 2 and 10 + 4 epochs.
OPTIONS = {"g": [1, 2, 5], "hatched": {"epochs": 4, "budgets": [0.5, 1]}, "budgets": [0.5, 1]}


def values_of(options=None, **changes):
    """Return a study of MotherNets."""
    study = config() | {"recipe": RECIPE} | changes
    return study | {"approaches": {"mothernets": options or OPTIONS}}


def pilot_in(folder: Path, error, values=None, file: str = "config.yaml") -> Path:
    """Write the tables of a made-up pilot whose points have the errors that a function says."""
    plan = plan_of(values or values_of())
    rows = [
        {
            "dataset": one.dataset,
            "architecture_set": one.architecture_set,
            "approach": one.approach,
            "g": one.g,
            "budget": one.budget,
            "size": one.size,
            "variant": one.variant,
            "combination": combination,
            "full_size": one.size == 5,
            "test_error": error(split_of(plan, one)) if combination == "average" else 0.001,
            "training_flops": 1e12 * one.size,
        }
        for one in plan.ensembles
        for combination in ("vote", "average")
    ]
    table = pd.DataFrame(rows)
    table["g"] = table["g"].astype("Int64")
    folder.mkdir(exist_ok=True)
    write_table(table, folder / "estimates.csv")
    if file == "plan.json":
        plan.write(folder / file)
    else:
        (folder / file).write_text(yaml.safe_dump(values or values_of()), encoding="utf-8")
    return folder


def proposed(folder: Path, budget: float, values=None) -> str:
    study = read_study(values or values_of(), source=SOURCE)
    return proposals(study, APPROACHES, budget, folder, source=SOURCE)


def offers_in(text: str) -> list[tuple[float, dict]]:
    """Return the predicted error in percent and the options of each proposal."""
    found = re.findall(
        r"(?m)^  ([\d.]+)(?: ± [\d.]+)? % +[\d.e-]+  (mothernets: .*?)( #.*)?$", text
    )
    return [(float(error), yaml.safe_load(line)["mothernets"]) for error, line, _ in found]


def planned(options: dict) -> tuple[BudgetSplit | None, int]:
    """Return the split that options plan, and its forecast."""
    plan = plan_of(values_of(options))
    (ensemble,) = (one for one in plan.ensembles if one.size == 5)
    return split_of(plan, ensemble), sum(part.training_flops for part in forecast(plan))


def by_hatching(split: BudgetSplit) -> float:
    """Only hatched epochs help."""
    return 0.2 * max(split.hatched, 1) ** -0.3


def by_scratch(split: BudgetSplit) -> float:
    """Only epochs before hatching help, and g does not matter."""
    return 0.2 * split.scratch**-0.3


def by_g(split: BudgetSplit) -> float:
    """Only g helps: Full Data is far the best, whatever its epochs."""
    return 0.2 / split.g


def test_where_only_hatched_epochs_help_they_are_bought_at_the_fewest_others(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    # Of those with 3 hatched epochs, this is the cheapest within 5 + 1, 5 + 2, 10 + 2 and 10 + 4.
    _, budget = planned({"g": [1], "mothernet": {"epochs": 8}, "hatched": {"epochs": 3}})
    best = offers_in(proposed(folder, budget))[0]
    assert planned(best[1]) == (BudgetSplit(1, 8, 3), budget)
    assert best[0] == pytest.approx(100 * by_hatching(BudgetSplit(1, 8, 3)), abs=0.01)


def test_where_only_mothernets_epochs_help_members_have_the_fewest(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_scratch)
    _, budget = planned({"g": [1], "mothernet": {"epochs": 10}, "hatched": {"epochs": 2}})
    offers = offers_in(proposed(folder, budget))
    assert planned(offers[0][1])[0] == BudgetSplit(1, 10, 2)  # with 10 epochs, 2 is the fewest
    below, _ = planned(offers_in(proposed(folder, budget - 1))[0][1])
    assert below.scratch < 10


def test_where_only_g_helps_the_largest_that_fits_is_proposed_and_the_cheapest_of_it(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_g)
    _, half = planned({"g": [5], "budgets": [0.5]})
    offers = offers_in(proposed(folder, 2 * half))
    assert planned(offers[0][1]) == (BudgetSplit(5, 5, 0), half)
    assert all(planned(options)[1] <= 2 * half for _, options in offers)
    assert planned(offers_in(proposed(folder, half - 1))[0][1])[0].g == 2


def test_five_are_proposed_the_best_first_and_none_outside_of_the_pilot(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    text = proposed(folder, 1e15)
    offers = offers_in(text)
    assert len(offers) == 5
    assert [error for error, _ in offers] == sorted(error for error, _ in offers)
    assert "g = 1, 2: 5 to 10 + 1 to 4; g = 5: 5 to 10" in text
    splits = {planned(options)[0] for _, options in offers}
    assert {split.hatched for split in splits} == {3, 4}  # 4 epochs are the most of the pilot
    assert {split.scratch for split in splits if split.hatched == 4} == {10}


def test_the_promise_is_over_the_best_that_the_pilot_measured_at_that_cost(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    _, budget = planned({"g": [1], "mothernet": {"epochs": 8}, "hatched": {"epochs": 3}})
    text = proposed(folder, budget)
    own = 100 * by_hatching(BudgetSplit(1, 5, 2))
    promised = own - 100 * by_hatching(BudgetSplit(1, 8, 3))
    assert f"best at no more than that cost: {own:.2f} %" in text
    assert f"promises {promised:.2f} points less" in text
    assert "which is the first proposal" in proposed(folder, 1e15)


def test_fewer_networks_that_the_pilot_trained_in_whole_stand_beside_the_splits(tmp_path):
    values = values_of()
    values["approaches"]["full_data"] = {}
    folder = pilot_in(tmp_path / "pilot", by_hatching, values)
    table = read_table(folder / "estimates.csv")
    table.loc[(table["approach"] == "full_data") & (table["size"] == 3), "test_error"] = 0.0625
    write_table(table, folder / "estimates.csv")
    text = proposed(folder, 3.5e12)
    assert "first 3 networks of Full Data, each trained for all its epochs: 6.25 % at 3 T" in text
    predicted, _ = offers_in(text)[0]
    assert f"{predicted - 6.25:.2f} points less than the first proposal" in text
    # All networks are a split, and a pilot without Full Data has none.
    assert "networks of Full Data" not in proposed(folder, 5e12)
    assert "of Full Data," not in proposed(pilot_in(tmp_path / "none", by_hatching), 3.5e12)


def test_leave_one_out_is_told_with_its_size(tmp_path):
    exact = pilot_in(tmp_path / "exact", by_hatching)
    assert "8 of 8 predicted from the others, off by 0.00 points" in proposed(exact, 1e15)
    odd = {BudgetSplit(1, 10, 4): 0.3}
    bent = pilot_in(tmp_path / "bent", lambda split: odd.get(split, by_hatching(split)))
    misses = re.search(
        r"off by ([\d.]+) points \(root mean square\), at most ([\d.]+)", proposed(bent, 1e15)
    )
    assert float(misses[2]) > float(misses[1]) > 1


def test_a_pilot_may_have_a_plan_or_stand_in_the_folder_of_another_set(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching, file="plan.json")
    table = pd.read_csv(folder / "estimates.csv")
    (folder / "development").mkdir()
    write_table(table, folder / "development" / "estimates.csv", "development")
    on_test, on_development = (proposed(one, 1e15) for one in (folder, folder / "development"))
    assert offers_in(on_test) == offers_in(on_development)
    assert "to keep the test" in on_test and "to keep the test" not in on_development


def test_the_trainings_of_a_pilot_with_a_plan_are_told_from_others_by_value(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching, file="plan.json")
    assert "errors here will differ" not in proposed(folder, 1e15)


def test_other_trainings_of_the_pilot_are_named(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    here = values_of(
        OPTIONS | {"noise": 0.2},
        data={"train_images": 600, "validation_images": 100},
        recipe=RECIPE | {"batch_size": 32},
    )
    text = proposed(folder, 1e15, here)
    for difference in (
        "data.train_images: 300, in the study 600",
        "recipe.batch_size: 128, in the study 32",
        "hatched.noise: 0.1, in the study 0.2",
    ):
        assert f"errors here will differ: {difference}" in text
    assert "errors here will differ" not in proposed(folder, 1e15, values_of(seeds=[3, 4]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hatched": OPTIONS["hatched"] | {"split": "unequal"}}, "hatched.split: as usual, in the"),
        ({"mothernet": {"learning_rate": 0.3}}, "mothernet.optimiser.learning_rate: 0.1, in the"),
    ],
)
def test_options_that_a_training_does_not_note_are_told_as_well(tmp_path, changes, said):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    text = proposed(folder, 1e15, values_of(OPTIONS | changes))
    assert f"errors here will differ: {said}" in text


def test_members_that_are_hatched_from_other_networks_are_told(tmp_path):
    pilot = read_pilot(pilot_in(tmp_path / "pilot", by_hatching), APPROACHES)
    tree = plan_of(values_of(OPTIONS | {"descent": "tree"}))
    said = "MotherNets at g = 1: other networks, or for other members"
    assert said in pilot.differences(tree, "fashion_mnist", "v5-small")
    assert pilot.differences(pilot.plan, "fashion_mnist", "v5-small") == []


def test_a_sample_that_each_seed_draws_is_told_from_one_of_all(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    data = values_of()["data"]
    here = values_of(data=data | {"sample": "per_seed"})
    assert "differ: data.sample: fixed, in the study per_seed" in proposed(folder, 1e15, here)


def test_a_named_variant_is_no_point_of_the_pilot(tmp_path):
    varied = OPTIONS | {"variants": {"loud": {"noise": 1.0}}}
    values = values_of(varied)
    folder = pilot_in(tmp_path / "pilot", by_hatching, values)
    table = pd.read_csv(folder / "estimates.csv")
    table.loc[table["variant"].fillna("").str.startswith("loud"), "test_error"] = 0.01
    table["g"] = table["g"].astype("Int64")
    write_table(table, folder / "estimates.csv")
    plain = pilot_in(tmp_path / "plain", by_hatching)
    assert offers_in(proposed(folder, 1e15)) == offers_in(proposed(plain, 1e15))


CONVERGENCE = {"protocol": "convergence", "schedule": {"name": "plateau"}}
CHEAP = {"g": [1], "hatched": {"epochs": 4, "budgets": [0.5, 1]}}


@pytest.mark.parametrize(
    ("pilot", "study", "said"),
    [
        ({}, {"recipe": CONVERGENCE, "options": {"g": [1]}}, "key 'recipe.protocol'"),
        ({"recipe": CONVERGENCE, "options": {"g": [1]}}, {}, "name a study of 'epochs'"),
        ({"options": {"g": [1, 2]}}, {}, r"hatched.budgets, such as \[0.5, 1\]"),
        ({"options": {"g": [5]}}, {}, "hatched.budgets"),
        ({"architecture_sets": ["r5-small"]}, {}, "v5-small has no MotherNets; name a study"),
    ],
)
def test_a_pilot_that_does_not_suit_is_refused(pilot, study, said, tmp_path):
    folder = pilot_in(tmp_path / "pilot", lambda split: 0.1, values_of(**pilot))
    with pytest.raises(UserError, match=said):
        proposed(folder, 1e15, values_of(**study))


def test_a_set_that_the_pilot_lacks_is_named_beside_the_proposals_for_others(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    text = proposed(folder, 1e15, values_of(architecture_sets=["v5-small", "r5-small"]))
    assert len(offers_in(text)) == 5 and "fashion_mnist, r5-small has no MotherNets" in text


def test_a_study_without_mothernets_is_refused(tmp_path):
    study = values_of() | {"approaches": {"full_data": None}}
    with pytest.raises(UserError, match="--budget splits that of 'mothernets'"):
        proposed(tmp_path, 1e15, study)


def test_a_budget_below_the_cheapest_names_one_that_is_enough(tmp_path):
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    with pytest.raises(UserError, match="the cheapest split in the pilot's range") as refused:
        proposed(folder, 1e3)
    enough = re.search(r"give at least (\w+)$", str(refused.value))[1]
    assert offers_in(proposed(folder, flops(enough)))
    cheapest = re.search(r"\((mothernets: .*)\); give", str(refused.value))[1]
    split, cost = planned(yaml.safe_load(cheapest)["mothernets"])
    assert split == BudgetSplit(1, 5, 1) and flops(enough) - 1e9 < cost <= flops(enough)


def test_a_folder_that_is_no_pilot_is_refused(tmp_path):
    with pytest.raises(UserError, match="has no estimates"):
        proposed(tmp_path / "nowhere", 1e15)
    folder = pilot_in(tmp_path / "pilot", by_hatching)
    table = pd.read_csv(folder / "estimates.csv")
    write_table(table.drop(columns="test_error"), folder / "estimates.csv")
    with pytest.raises(UserError, match="no column 'test_error'"):
        proposed(folder, 1e15)
    write_table(table, folder / "estimates.csv")
    (folder / "config.yaml").unlink()
    with pytest.raises(UserError, match="neither plan"):
        proposed(folder, 1e15)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2e12", 1.2e12),
        ("1.2T", 1.2e12),
        ("500G", 5e11),
        ("2P", 2e15),
        ("913430016000", 913430016000),
    ],
)
def test_a_budget_is_read_as_people_write_it(text, value):
    assert flops(text) == value


@pytest.mark.parametrize(
    "text", ["8 h", "0h", "8s", "1.2TT", "-1T", "0", "0.1", "nan", "1e400", "1.2 T", "", "١T"]
)
def test_any_other_budget_is_refused_in_one_line(text, capsys):
    with pytest.raises(ArgumentTypeError, match=r"as 1.2e12, 1.2T or 500G, got"):
        flops(text)
    with pytest.raises(SystemExit):
        main(["plan", "config/default.yaml", f"--budget={text}"])
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_many_values_are_thinned_to_equal_ratios_and_keep_the_measured():
    assert _values([2, 4]) == [2, 3, 4]
    thinned = _values([10, 300, 37])
    assert {10, 37, 300} <= set(thinned) and len(thinned) <= 13


def test_the_command_of_the_docs_proposes_from_committed_results(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    arguments = ["config/default.yaml", "--budget", "2T", "--pilot", "results/default-run"]
    assert main(["plan", *arguments]) in (0, None)
    text = capsys.readouterr().out
    assert len(offers_in(text)) == 5
    for _, options in offers_in(text):
        values = yaml.safe_load((ROOT / "config/default.yaml").read_text(encoding="utf-8"))
        values |= {"approaches": {"mothernets": options}, "seeds": [0]}
        cost = sum(part.training_flops for part in forecast(plan_of(values)))
        assert cost <= 2e12


@pytest.mark.parametrize("budget", ["0.9", "1.2", "1.6"])
def test_the_proposals_that_were_trained_are_those_of_the_committed_pilot(budget):
    """`docs/results.md` judges them by `results/proposals`; see the template of its numbers."""
    pilot, trained = (ROOT / "results" / name for name in ("pilot", "proposals"))
    study = read_study(read_yaml(pilot / "config.yaml"), source=SOURCE)
    text = proposals(study, APPROACHES, float(budget) * 1e12, pilot, source=SOURCE)
    _, options = offers_in(text)[0]
    assert split_in(pilot, {"approaches": {"mothernets": options}}) == split_in(
        trained, {}, f"proposed-{budget}"
    )


def split_in(folder: Path, changes: dict, variant: str = "") -> BudgetSplit | None:
    """Return the split that a committed study plans, changed, for five networks of a variant."""
    plan = plan_of(read_yaml(folder / "config.yaml") | changes)
    return next(
        split_of(plan, one) for one in plan.ensembles if one.size == 5 and one.variant == variant
    )
