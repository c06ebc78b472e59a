"""The configuration: what is allowed is read, what is wrong is answered in one line."""

import datetime
import math
from dataclasses import dataclass as plain_dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field
from pydantic.dataclasses import dataclass
from support.tiny import APPROACHES, SOURCE, config, plan_of

from mnbench.errors import UserError
from mnbench.planning.config import read_study
from mnbench.planning.forecast import forecast
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import CONFIG, Recipe

ROOT = Path(__file__).parents[3]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tiny study's configuration with the value at the dotted *path* replaced."""
    values = config()
    *outer, last = path.split(".")
    inner = values
    for key in outer:
        if inner.get(key) is None:
            inner[key] = {}
        inner = inner[key]
    inner[last] = value
    return values


def refusal(values: Any) -> str:
    """Return the error that the user sees, without the file's name."""
    with pytest.raises(UserError) as caught:
        plan_of(values)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{SOURCE}: ")
    return text.removeprefix(f"{SOURCE}: ")


# What is allowed


CONFIGURATIONS = [
    # The paper's study has ten thousand trainings.
    pytest.param(file, id=file.name, marks=[pytest.mark.slow] * (file.name == "paper.yaml"))
    for file in sorted(ROOT.glob("config/*.yaml"))
]


@pytest.mark.parametrize("file", CONFIGURATIONS)
def test_every_configuration_that_comes_along_can_be_planned(file):
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
        values["approaches"]["single_network"] = {"budgets": [1]}
        assert plan_of(values).trainings


# What is not: the dotted key, what is wrong, and what is allowed

UNKNOWN_KEYS = [
    (
        "sead",
        0,
        "did you mean 'seeds'? allowed: approaches, architecture_sets, costs, ",
    ),
    ("recipe.epoch", 3, "did you mean 'epochs'? allowed: augmentation, batch_size, "),
    ("recipe.optimizer", {}, "did you mean 'optimiser'?"),
    ("recipe.optimiser.lerning_rate", 1, "did you mean 'learning_rate'? allowed: learning_rate, "),
    ("recipe.convergence.patients", 1, "did you mean 'patience'? allowed: max_epochs, "),
    ("data.train_image", 5, "did you mean 'train_images'? allowed: download, root, "),
    (
        "approaches.full_data.budget",
        [1],
        "did you mean 'budgets'? allowed: architecture_sets, budgets",
    ),
    (
        "approaches.mothernets.nois",
        0,
        "did you mean 'noise'? allowed: architecture_sets, budgets, g, ",
    ),
    ("approaches.mothernets.hatched.epoch", 1, "did you mean 'epochs'? allowed: epochs, "),
    ("approaches.treenets.xyz", 1, "allowed: architecture_sets, budgets, shared_layers, sizes"),
    ("approaches.treenets.architecture_set", [], "did you mean 'architecture_sets'? allowed: "),
]


@pytest.mark.parametrize(("path", "value", "answer"), UNKNOWN_KEYS)
def test_a_wrong_key_is_answered_with_the_nearest_one(path, value, answer):
    assert refusal(changed(path, value)).startswith(f"unknown key '{path}'; {answer}")


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
    ("recipe.precision", "float8", "recipe.precision", "allowed: bfloat16, float32"),
]


@pytest.mark.parametrize(("path", "value", "key", "answer"), UNKNOWN_NAMES)
def test_an_unknown_name_is_answered_with_the_nearest_one(path, value, key, answer):
    text = refusal(changed(path, value))
    assert text.startswith(f"key '{key}': unknown ")
    assert answer in text


WRONG_VALUES = [
    # types
    ("recipe.epochs", "ten", 'must be a whole number, got "ten"'),
    ("recipe.epochs", 1.5, "must be a whole number, got 1.5"),
    ("recipe.epochs", True, "must be a whole number, got true"),
    ("recipe.epochs", None, "must be a whole number, got null"),
    ("recipe.optimiser.learning_rate", "fast", 'must be a number, got "fast"'),
    (
        "recipe.optimiser.weight_decay",
        "5e-4",
        'must be a number (to YAML 5e-4 is text: write 5.0e-4), got "5e-4"',
    ),
    ("recipe.compile", "yes", 'must be true or false, got "yes"'),
    ("recipe", None, "must be a mapping, 'key: value' on each line, got null"),
    ("recipe.schedule", "cosine", "must be a mapping, 'key: value' on each line, got \"cosine\""),
    (
        "approaches",
        ["full_data"],
        "must be a mapping, 'key: value' on each line, got [\"full_data\"]",
    ),
    ("approaches.full_data", 3, "must be a mapping, 'key: value' on each line, got 3"),
    ("approaches.full_data.budgets", 2, "must be a list, '[a, b]', got 2"),
    ("seeds", 0, "must be a list, '[a, b]', got 0"),
    ("seeds", datetime.date(2020, 1, 1), "must be a list, '[a, b]', got \"2020-01-01\""),
    ("study", 3, "must be text, got 3"),
    ("data.root", None, "must be text, got null"),
    # ranges
    ("recipe.epochs", -1, "must be greater than 0, got -1"),
    ("recipe.epochs", 0, "must be greater than 0, got 0"),
    ("approaches.snapshot_ensembles.epochs_per_cycle", -4, "must be greater than 0, got -4"),
    ("approaches.mothernets.hatched.epochs", -1, "must be greater than 0, got -1"),
    ("approaches.mothernets.noise", -0.1, "must be greater than or equal to 0, got -0.1"),
    ("approaches.knowledge_distillation.mixing", 2, "must be less than or equal to 1, got 2"),
    ("recipe.optimiser.momentum", 1, "must be less than 1, got 1"),
    ("recipe.optimiser.learning_rate", math.nan, "must be a finite number, got NaN"),
    ("recipe.optimiser.learning_rate", math.inf, "must be a finite number, got Infinity"),
    ("recipe.schedule.warmup", -math.inf, "must be a finite number, got -Infinity"),
    ("approaches.mothernets.noise", math.nan, "must be a finite number, got NaN"),
    ("approaches.mothernets.hatched.learning_rate", math.inf, "must be a finite number, got Inf"),
    ("data.train_images", 0, "must be greater than 0, got 0"),
    # lists
    ("seeds", [], "must have at least one entry, got []"),
    ("datasets", [], "must have at least one entry, got []"),
    ("approaches", {}, "must have at least one entry, got {}"),
    ("approaches.mothernets.g", [], "must have at least one entry, got []"),
]


@pytest.mark.parametrize(("path", "value", "answer"), WRONG_VALUES)
def test_a_wrong_value_is_told_what_it_must_be(path, value, answer):
    assert refusal(changed(path, value)).startswith(f"key '{path}' {answer}")


@pytest.mark.parametrize(
    ("path", "value", "place", "answer"),
    [
        ("seeds", [0, -1], "seeds.1", "must be greater than or equal to 0, got -1"),
        ("seeds", [0, "1"], "seeds.1", 'must be a whole number, got "1"'),
        (
            "approaches.full_data.budgets",
            [1, math.inf],
            "approaches.full_data.budgets.1",
            "must be",
        ),
        ("approaches.treenets.sizes", [1], "approaches.treenets.sizes.0", "must be greater than 1"),
        ("recipe.schedule.milestones", [0.5, 2], "recipe.schedule.milestones.1", "must be less"),
    ],
)
def test_a_wrong_entry_of_a_list_is_found(path, value, place, answer):
    assert refusal(changed(path, value)).startswith(f"key '{place}' {answer}")


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


def test_too_many_images_are_told_how_many_there_are():
    text = refusal(changed("data.train_images", 60_000))
    assert text.startswith("key 'data.train_images': 60000 cannot be had: of 60000 images ")
    assert "allowed: 1 to 59900" in text
    assert refusal(changed("data.validation_images", 60_000)).startswith(
        "key 'data.validation_images': 60000 of 60000 images cannot be held out"
    )


@pytest.mark.parametrize(
    ("key", "example"),
    [
        ("study", 'study: "my-study"'),
        ("datasets", 'datasets: ["fashion_mnist"]'),
        ("architecture_sets", 'architecture_sets: ["v5-small"]'),
        ("seeds", "seeds: [0, 1, 2]"),
        ("approaches", 'approaches: {"full_data": null, "mothernets": {"g": [1, 2, 5]}}'),
    ],
)
def test_a_missing_key_is_named_with_an_example(key, example):
    values = config()
    del values[key]
    assert refusal(values) == f"key '{key}' is missing; give it, for example '{example}'"
    assert set(yaml.safe_load(example)) == {key}


def test_a_misspelt_key_is_named_before_the_one_that_it_leaves_missing():
    values = config()
    values["seed"] = values.pop("seeds")
    assert refusal(values).startswith("unknown key 'seed'; did you mean 'seeds'?")


def test_the_first_of_several_mistakes_says_that_there_are_more():
    values = changed("recipe.epochs", -1)
    values["recipe"]["batch_size"] = 0
    assert refusal(values) == "key 'recipe.epochs' must be greater than 0, got -1 (and 1 more)"


@pytest.mark.parametrize("values", [None, [1], "text", 3])
def test_a_configuration_that_is_no_mapping_is_one_line(values):
    assert refusal(values).startswith("the configuration must be a mapping, 'key: value' on each")


def test_a_key_that_is_no_text_is_one_line():
    assert refusal(config() | {3: 4}).startswith("unknown key '3'; allowed: approaches, ")
    assert refusal(config() | {(1, 2): 4}).startswith("the configuration has a key that is no text")


# For which ensembles an approach is used


def used(**approaches) -> dict[str, set[str]]:
    """The ensembles that each approach has in a study of two."""
    values = config() | {"architecture_sets": ["v5-small", "r5-small"], "approaches": approaches}
    found: dict[str, set[str]] = {}
    for row in plan_of(values).ensembles:
        found.setdefault(row.approach, set()).add(row.architecture_set)
    return found


def test_an_approach_is_used_for_the_ensembles_that_it_is_given():
    assert used(full_data=None, bagging={"architecture_sets": ["r5-small"]}) == {
        "full_data": {"v5-small", "r5-small"},
        "bagging": {"r5-small"},
    }


def test_an_ensemble_may_have_options_of_its_own():
    plan = plan_of(
        config()
        | {
            "architecture_sets": ["v5-small", "r5-small"],
            "approaches": {
                "mothernets": {
                    "g": [1, 2],
                    "noise": 0.3,
                    "architecture_sets": {"v5-small": {"g": [4]}, "r5-small": None},
                }
            },
        }
    )
    numbers = {(row.architecture_set, row.g) for row in plan.ensembles}
    assert numbers == {("v5-small", 4), ("r5-small", 1), ("r5-small", 2)}
    # What it does not say is the approach's.
    noises = {t.options["noise"] for t in plan.trainings.values() if t.parents}
    assert noises == {0.3}


WRONG_ENSEMBLES = [
    (
        ["v5_small"],
        ": 'v5_small' is no architecture set of this study; did you mean 'v5-small'? allowed: ",
    ),
    (["v25-small"], ": 'v25-small' is no architecture set of this study; "),
    (["v5-small"] * 2, ": 'v5-small' is given twice; give each once"),
    ([], " must have at least one entry, got []"),
    ("v5-small", " must be a list, '[a, b]', or a mapping to options, got 'v5-small'"),
    ({"v5-small": 3}, ": 'v5-small' must be a mapping to options, got 3"),
]


def test_the_former_word_for_architecture_sets_is_still_understood():
    values = changed("approaches.bagging", {"ensembles": ["v5-small"]})
    values["ensembles"] = values.pop("architecture_sets")
    today = changed("approaches.bagging", {"architecture_sets": ["v5-small"]})
    assert plan_of(values) == plan_of(today)
    both = config() | {"ensembles": ["v5-small"]}
    assert "key 'ensembles' is the former name of 'architecture_sets'" in refusal(both)


@pytest.mark.parametrize(("ensembles", "answer"), WRONG_ENSEMBLES)
def test_wrong_ensembles_of_an_approach_are_explained(ensembles, answer):
    text = refusal(changed("approaches.bagging", {"architecture_sets": ensembles}))
    assert text.startswith(f"key 'approaches.bagging.architecture_sets'{answer}")


def test_a_wrong_option_of_one_ensemble_is_named_with_its_place():
    options = {"architecture_sets": {"v5-small": {"budget": [2]}}}
    assert refusal(changed("approaches.bagging", options)) == (
        "unknown key 'approaches.bagging.architecture_sets.v5-small.budget'; did you mean "
        "'budgets'? allowed: budgets"
    )


def test_an_ensemble_that_no_approach_is_used_for_is_refused():
    values = config() | {"architecture_sets": ["v5-small", "r5-small"]}
    values["approaches"] = {"full_data": {"architecture_sets": ["r5-small"]}}
    assert refusal(values) == (
        "key 'architecture_sets': no approach is used for 'v5-small'; add it to an approach's own "
        "'architecture_sets' or leave it out"
    )


# Dataclasses inside annotations of every form


@dataclass(frozen=True, config=CONFIG)
class Inner:
    colour: int = 1


@dataclass(frozen=True, config=CONFIG)
class Outer:
    optional: Inner | None = None
    annotated: Annotated[Inner, Field(description="any")] = Inner()
    text: "Inner | None" = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"optional": {"color": 1}}, "optional.color"),
        ({"annotated": {"color": 1}}, "annotated.color"),
        ({"text": {"color": 1}}, "text.color"),
        ({"many": [{}, {"color": 1}]}, "many.1.color"),
        ({"named": {"x": {"color": 1}}}, "named.x.color"),
    ],
)
def test_unknown_keys_are_explained_wherever_the_dataclass_stands(values, where):
    with pytest.raises(UserError) as caught:
        parse(Outer, values, source="f.yaml", key="a.b")
    expected = f"f.yaml: unknown key 'a.b.{where}'; did you mean 'colour'? allowed: colour"
    assert str(caught.value) == expected


def test_a_plain_dataclass_can_be_parsed_too():
    @plain_dataclass
    class Plain:
        size: int

    assert parse(Plain, {"size": 3}, source="f.yaml") == Plain(3)
