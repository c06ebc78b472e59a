"""Splits: each is planned exactly, whatever the study's options, and costs what records billed."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from support.tiny import APPROACHES, SOURCE, config, plan_of

from mnbench.evaluation.pilot import read_pilot
from mnbench.planning.config import read_study
from mnbench.planning.forecast import forecast
from mnbench.planning.splits import BudgetSplit, SplitPlanner, split_of
from mnbench.yaml_files import read_yaml

ROOT = Path(__file__).parents[3]
PAIR = ("fashion_mnist", "v5-small")


def planner(options, architecture_set="v5-small", **changes) -> SplitPlanner:
    values = config() | {"recipe": {"epochs": 10}} | changes
    values["approaches"] = {"mothernets": options, "full_data": {"budgets": [0.3, 1]}}
    study = read_study(values, source=SOURCE)
    return SplitPlanner(study, APPROACHES, SOURCE, "fashion_mnist", architecture_set)


def test_costs_are_those_that_a_finished_study_was_billed():
    folder = ROOT / "results/default-run"
    study = read_study(read_yaml(folder / "config.yaml"), source=str(folder))
    of_study = SplitPlanner(study, APPROACHES, SOURCE, *PAIR)
    rows = pd.read_csv(folder / "estimates.csv")
    rows = rows[(rows["combination"] == "average") & rows["full_size"]]
    billed = set(rows[rows["approach"].isin(["mothernets", "full_data"])]["training_flops"])
    measured = read_pilot(folder, APPROACHES).splits(*PAIR)
    assert len(measured) == len(billed) == 9
    assert {of_study.candidate(point.split).training_flops for point in measured} == billed


@pytest.mark.parametrize(
    "split",
    [
        BudgetSplit(1, 5, 3),
        BudgetSplit(1, 20, 1),
        BudgetSplit(2, 10, 4),
        BudgetSplit(2, 5, 3),  # v13 is its own MotherNet
        BudgetSplit(2, 14, 5),  # of all factors with 14 epochs only some have 5 as well
        BudgetSplit(3, 7, 6),
        BudgetSplit(5, 3, 0),
        BudgetSplit(5, 10, 0),
    ],
    ids=str,
)
def test_the_options_of_a_candidate_plan_that_split_and_no_other(split):
    candidate = planner({"g": [1, 2], "noise": 0.2, "hatched": {"budgets": [0.5, 1]}}).candidate(
        split
    )
    values = config() | {"recipe": {"epochs": 10}, "approaches": {"mothernets": candidate.options}}
    plan = plan_of(values)
    largest = [ensemble for ensemble in plan.ensembles if ensemble.size == 5]
    assert [split_of(plan, ensemble) for ensemble in largest] == [split]
    assert candidate.training_flops == sum(part.training_flops for part in forecast(plan))
    noises = {t.options.get("noise") for t in plan.trainings.values() if t.parents}
    assert noises == ({0.2} if split.hatched else set())


def test_plain_options_are_preferred():
    options = planner({"g": [1]}).candidate(BudgetSplit(1, 5, 3)).options
    assert options == {"g": [1], "mothernet": {"epochs": 5}, "hatched": {"epochs": 3}}


def test_options_of_an_architecture_set_are_its_own():
    sets = {"v5-small": {"noise": 0.3}, "v25-small": {"noise": 0.4}}
    both = {"architecture_sets": ["v5-small", "v25-small"]}
    for name, noise in (("v5-small", 0.3), ("v25-small", 0.4)):
        of_set = planner({"noise": 0.1, "architecture_sets": sets, "variants": {}}, name, **both)
        options = of_set.candidate(BudgetSplit(1, 10, 2)).options
        assert options["noise"] == noise and not {"architecture_sets", "variants"} & set(options)


def test_a_split_that_no_options_plan_is_no_candidate():
    assert planner({"g": [1]}).candidate(BudgetSplit(6, 10, 4)) is None
    halves = planner({"hatched": {"epochs": 4, "snapshots": 2}})
    assert halves.candidate(BudgetSplit(1, 10, 3)) is None
    assert planner({"g": [1]}).candidate(BudgetSplit(1, 10, 3)) is not None


def test_networks_of_one_kind_with_different_epochs_are_no_split():
    options = {"g": [1, 2], "mothernet": {"epochs": 5}}
    plan = plan_of(config() | {"recipe": {"epochs": 10}, "approaches": {"mothernets": options}})
    one, two = (ensemble for ensemble in plan.ensembles if ensemble.size == 5)
    assert split_of(plan, one) == BudgetSplit(1, 5, 4)
    assert split_of(plan, two) is None  # v13 alone has 10
    assert split_of(plan, dataclasses.replace(two, members=two.members[1:])) is not None


def test_an_untrained_mothernet_is_no_part_of_a_split():
    options = {"g": [1], "mothernet": {"epochs": 0}}
    plan = plan_of(config() | {"recipe": {"epochs": 10}, "approaches": {"mothernets": options}})
    assert {split_of(plan, ensemble) for ensemble in plan.ensembles} == {None}
    trained = planner(options).candidate(BudgetSplit(1, 5, 3)).options
    assert trained["mothernet"] == {"epochs": 5}
