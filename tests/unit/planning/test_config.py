"""The configuration: what is allowed is read, with its defaults; what cannot be is explained."""

from pathlib import Path

import pytest
import yaml
from support.configurations import changed, refusal
from support.tiny import APPROACHES, SOURCE, config, plan_of

from mnbench.datasets import ImageFolder
from mnbench.datasets.folders.cache import FolderNote
from mnbench.planning.config import read_study
from mnbench.planning.forecast import forecast
from mnbench.planning.recipe import Recipe
from mnbench.planning.seeds import sample_seed

ROOT = Path(__file__).parents[3]


# What is allowed


CONFIGURATIONS = [
    # The paper's study has ten thousand trainings.
    pytest.param(file, id=file.name, marks=[pytest.mark.slow] * (file.name == "paper.yaml"))
    for file in sorted(ROOT.glob("config/*.yaml"))
]


def looked_at(description: ImageFolder) -> FolderNote:
    """Return what a look at the folder of `config/colour.yaml` tells, as if it were here."""
    names, counts = tuple(f"class{n}" for n in range(10)), ((5000,) * 10, (1000,) * 10)
    return FolderNote(1, "", description.name, names, *counts, {}, 0, 0, "")


@pytest.mark.parametrize("file", CONFIGURATIONS)
def test_every_configuration_that_comes_along_can_be_planned(file, monkeypatch):
    monkeypatch.setattr("mnbench.planning.images.look_at", looked_at)
    values = yaml.safe_load(file.read_text())
    values["data"] = {**values.get("data", {}), "download": True}  # as if its images were here
    plan = plan_of(values)
    assert plan.trainings
    assert plan.ensembles


def test_the_default_study_is_what_it_should_be():
    values = yaml.safe_load((ROOT / "config/default.yaml").read_text())
    study = read_study(values, source="default.yaml")
    assert study.datasets == ("fashion_mnist",)
    assert study.architecture_sets == ("v5-small",)
    assert len(study.seeds) >= 2
    plan = plan_of(values)
    shown = {row.approach for row in plan.ensembles}
    assert shown == {
        "full_data",
        "bagging",
        "knowledge_distillation",
        "treenets",
        "snapshot_ensembles",
        "mothernets",
        "single_network",
        "wider_network",
    }
    assert {row.g for row in plan.ensembles if row.approach == "mothernets"} == {1, 2, 3, 5}
    assert plan.left_out == ()


def test_the_tiny_study_has_every_approach_and_little_to_train():
    plan = plan_of(yaml.safe_load((ROOT / "config/tiny.yaml").read_text(encoding="utf-8")))
    assert {row.approach for row in plan.ensembles} == set(APPROACHES)
    assert {row.seed for row in plan.ensembles} == {0}
    assert sum(row.training_flops for row in forecast(plan)) < 2e11  # the default's: 4e13


def test_what_is_left_out_has_its_default():
    values = {key: config()[key] for key in ("study", "datasets", "architecture_sets", "seeds")}
    study = read_study(values | {"approaches": {"full_data": None}}, source=SOURCE)
    assert study.recipe == Recipe()
    assert (study.costs, study.device) == (("training_flops", "cpu_seconds"), "auto")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("recipe.optimiser.learning_rate", 1),  # a whole number is a number
        ("data.train_images", None),
        ("approaches.full_data", None),
        ("approaches.full_data", {}),
        ("seeds", [7]),
        ("study", "a.study-of_2"),
        ("recipe.schedule", {"name": "step", "milestones": [0.3, 0.6, 0.9]}),
    ],
)
def test_what_is_allowed_is_taken(path, value):
    plan_of(changed(path, value))


def test_convergence_goes_with_the_schedules_that_need_no_end():
    for schedule in ("plateau", "step", "constant"):
        values = changed("recipe", {"protocol": "convergence", "schedule": {"name": schedule}})
        values["approaches"] |= {"single_network": {"budgets": [1]}, "mothernets": {"g": [1, 2]}}
        assert plan_of(values).trainings


def test_the_former_word_for_architecture_sets_is_still_understood():
    values = changed("approaches.bagging", {"ensembles": ["v5-small"]})
    values["ensembles"] = values.pop("architecture_sets")
    today = changed("approaches.bagging", {"architecture_sets": ["v5-small"]})
    assert plan_of(values) == plan_of(today)
    both = config() | {"ensembles": ["v5-small"]}
    assert "key 'ensembles' is the former name of 'architecture_sets'" in refusal(both)


# What is not: the dotted key, what is wrong, and what is allowed


UNKNOWN_NAMES = [
    ("datasets", ["fashion-mnist"], "datasets.0", "did you mean 'fashion_mnist'? allowed: cifar10"),
    ("datasets", ["imagenet"], "datasets.0", "allowed: cifar10, cifar100, fashion_mnist, svhn"),
    ("architecture_sets", ["v5-smal"], "architecture_sets.0", "did you mean 'v5-small'? allowed: "),
    (
        "approaches",
        {"mothernet": None},
        "approaches",
        "did you mean 'mothernets'? allowed: bagging",
    ),
    (
        "costs",
        ["cpu_second"],
        "costs.0",
        "did you mean 'cpu_seconds'? allowed: cpu_seconds, device_sec",
    ),
    ("device", "cudo", "device", "did you mean 'cuda'? allowed: auto, cpu, cuda"),
    ("recipe.protocol", "epoch", "recipe.protocol", "did you mean 'epochs'? allowed: convergence"),
    (
        "recipe.schedule.name",
        "cosin",
        "recipe.schedule.name",
        "did you mean 'cosine'? allowed: constant, cosine, linear, plateau, step",
    ),
    ("recipe.precision", "float8", "recipe.precision", "allowed: bfloat16, float32, ieee"),
]


@pytest.mark.parametrize(("path", "value", "key", "answer"), UNKNOWN_NAMES)
def test_an_unknown_name_is_answered_with_the_nearest_one(path, value, key, answer):
    text = refusal(changed(path, value))
    assert text.startswith(f"key '{key}': unknown ")
    assert answer in text


WHAT_CANNOT_BE = [
    (
        "approaches.mothernets.g",
        [1, 9],
        "key 'approaches.mothernets.g': 9 clusters of the 5 networks of 'v5-small' cannot be; "
        "allowed: 1 to 5, 'minimum', 'all'",
    ),
    (
        "approaches.mothernets",
        {"g": [1], "architecture_sets": {"v5-small": {"g": [9]}}},
        "key 'approaches.mothernets.architecture_sets.v5-small.g': 9 clusters of the 5 networks ",
    ),
    (
        "approaches.mothernets",
        {"g": [9], "architecture_sets": {"v5-small": {"noise": 0.0}}},
        "key 'approaches.mothernets.g': 9 clusters of the 5 networks of ",
    ),
    (
        "approaches.mothernets.g",
        [0],
        "key 'approaches.mothernets.g.0': must be a whole number from 1, 'minimum' or 'all', got 0",
    ),
    (
        "approaches.mothernets.g",
        ["some"],
        "key 'approaches.mothernets.g.0': must be a whole number from 1, 'minimum' or 'all', got "
        "'some'",
    ),
    (
        "approaches.mothernets",
        {"g": [2], "tau": 1},
        "key 'approaches.mothernets.g': 'v5-small': g = 2 clusters are too few: ",
    ),
    (
        "architecture_sets",
        ["mixed10"],
        "key 'architecture_sets': 'mixed10' is not for Fashion-MNIST: network 'v13', block 5: "
        "pool 2 shrinks images of 28 pixels below one pixel; ",
    ),
    (
        "approaches.treenets.sizes",
        [2, 6],
        "key 'approaches.treenets.sizes': 6 is more than the 5 networks of 'v5-small'; "
        "allowed: 2 to 5",
    ),
    (
        "approaches.full_data",
        {"networks": 6},
        "key 'approaches.full_data.networks': 6 is more than the 5 networks of 'v5-small'; "
        "give at most 5",
    ),
    (
        "approaches.full_data",
        {"networks": 2, "longer": {"networks": 2}},
        "key 'approaches.full_data.longer.networks': 2 is not fewer than the 2 that Full Data has; "
        "give fewer, or train all of them for longer by approaches.full_data.budgets",
    ),
    (
        "approaches.full_data",
        {"longer": {"networks": 6}},
        "key 'approaches.full_data.longer.networks': 6 is not fewer than the 5 that Full Data has; "
        "give fewer, or train all of them for longer by approaches.full_data.budgets",
    ),
    (
        "approaches.full_data",
        {"longer": {"budgets": [2, 4]}},
        "key 'approaches.full_data.longer.networks': 0 trains none for longer; say how many",
    ),
    (
        "approaches.full_data",
        {"budgets": [1, 2], "longer": {"networks": 2}},
        "key 'approaches.full_data.longer.budgets': [1.0, 2.0, 2.0] of ",
    ),
    (
        "approaches.full_data",
        {"longer": {"networks": 2, "budgets": [1]}},
        "key 'approaches.full_data.longer.budgets.0' must be greater than 1, got 1",
    ),
    ("seeds", [0, 1, 0], "key 'seeds': 0 is given twice; give each once"),
    ("approaches.mothernets.g", [2, 2], "key 'approaches.mothernets.g': 2 is given twice; give "),
    ("datasets", ["fashion_mnist"] * 2, "key 'datasets': 'fashion_mnist' is given twice; give "),
    ("study", "../up", "key 'study': '../up' cannot name a folder; use letters, digits, "),
    ("study", "", "key 'study': '' cannot name a folder; use letters, digits, "),
    (
        "recipe.protocol",
        "convergence",
        "key 'recipe': schedule 'cosine' needs to know the end, which the protocol 'convergence' "
        "does not; use 'plateau', 'step' or 'constant'",
    ),
    (
        "recipe.schedule.name",
        "plateau",
        "key 'recipe': schedule 'plateau' goes with the protocol 'convergence' only",
    ),
    ("datasets", ["cifar10"], "data/nowhere: key 'data.root': no such folder; three ways to get "),
]


@pytest.mark.parametrize(("path", "value", "answer"), WHAT_CANNOT_BE)
def test_what_cannot_be_is_explained(path, value, answer):
    values = changed(path, value)
    values["data"]["root"] = "data/nowhere"
    assert refusal(values).startswith(answer)


@pytest.mark.parametrize("approach", ["full_data", "bagging", "single_network"])
def test_budgets_have_no_meaning_where_a_training_ends_by_itself(approach):
    values = changed("recipe", {"protocol": "convergence", "schedule": {"name": "constant"}})
    values["approaches"] = {approach: {"budgets": [1, 2]}}
    assert refusal(values) == (
        f"key 'approaches.{approach}.budgets': under recipe.protocol 'convergence' a training "
        "ends by itself; allowed: [1]"
    )


def test_nothing_is_trained_for_longer_where_a_training_ends_by_itself():
    values = changed("recipe", {"protocol": "convergence", "schedule": {"name": "constant"}})
    values["approaches"] = {"full_data": {"longer": {"networks": 1}}}
    assert refusal(values) == (
        "key 'approaches.full_data.longer.networks': under recipe.protocol 'convergence' a "
        "training ends by itself; leave it out"
    )


def test_too_many_images_are_told_how_many_there_are():
    text = refusal(changed("data.train_images", 60_000))
    assert text.startswith("key 'data.train_images': 60000 cannot be had: of 60000 images ")
    assert "allowed: 10 to 59900, or null" in text
    assert refusal(changed("data.validation_images", 60_000)).startswith(
        "key 'data.validation_images': 60000 of 60000 images of 10 classes cannot be held out"
    )


def test_a_sample_of_each_seed_and_development_images_are_part_of_a_recipes_hash():
    def trainings(**data):
        return plan_of(config() | {"seeds": [0, 1], "data": config()["data"] | data}).trainings

    plain, drawn, developed = (
        trainings(),
        trainings(sample="per_seed"),
        trainings(development_images=50),
    )
    assert plain == trainings(sample="fixed", development_images=0)
    for id, training in plain.items():
        assert set(training.data) == {"dataset", "train_images", "validation_images"}
        hashes = {plan[id].recipe_hash for plan in (plain, drawn, developed)}
        assert len(hashes) == 3
    for seed in (0, 1):
        of_seed = [training for id, training in drawn.items() if id.seed == seed]
        assert {training.data["sample_seed"] for training in of_seed} == {sample_seed(seed)}


def test_a_sample_of_each_seed_is_at_most_half_of_what_it_is_drawn_from():
    for number in (None, 59_900, 29_951):
        values = changed("data.train_images", number)
        values["data"]["sample"] = "per_seed"
        assert refusal(values).startswith(
            f"key 'data.train_images': {number or 59_900} is more than half of the 59900 images "
        )
    values["data"]["train_images"] = 29_950
    assert plan_of(values).trainings
    assert refusal(changed("data.sample", "per_sed")).startswith("key 'data.sample'")
    assert refusal(changed("data.development_images", 60_000)).startswith(
        "key 'data.development_images': 60000 of 59900 images of 10 classes that do not "
    )
