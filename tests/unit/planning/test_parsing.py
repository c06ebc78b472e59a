"""Parsing: a wrong key, type or value is answered in one line that names it and what is allowed."""

import datetime
import math
from dataclasses import dataclass as plain_dataclass
from typing import Annotated

import pytest
import yaml
from pydantic import Field
from pydantic.dataclasses import dataclass
from support.configurations import changed, refusal
from support.tiny import config

from mnbench.errors import UserError
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import CONFIG

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
    ("data.train_image", 5, "did you mean 'train_images'? allowed: development_images, download, "),
    (
        "approaches.full_data.budget",
        [1],
        "did you mean 'budgets'? allowed: architecture_sets, budgets",
    ),
    (
        "approaches.mothernets.nois",
        0,
        "did you mean 'noise'? allowed: architecture_sets, budgets, cluster_by, ",
    ),
    ("approaches.mothernets.hatched.epoch", 1, "did you mean 'epochs'? allowed: anew, "),
    (
        "approaches.treenets.xyz",
        1,
        "allowed: architecture_sets, budgets, loss, shared_layers, sizes",
    ),
    ("approaches.treenets.architecture_set", [], "did you mean 'architecture_sets'? allowed: "),
]


@pytest.mark.parametrize(("path", "value", "answer"), UNKNOWN_KEYS)
def test_a_wrong_key_is_answered_with_the_nearest_one(path, value, answer):
    assert refusal(changed(path, value)).startswith(f"unknown key '{path}'; {answer}")


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
    # Only a MotherNet may have no epochs.
    ("approaches.mothernets.hatched.epochs", 0, "must be greater than 0, got 0"),
    ("approaches.mothernets.mothernet.hatched_epochs", 0, "must be greater than 0, got 0"),
    ("approaches.mothernets.mothernet.epochs", -1, "must be greater than or equal to 0, got -1"),
    ("approaches.snapshot_ensembles.epochs_per_cycle", 0, "must be greater than 0, got 0"),
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
