"""Pages about the configuration: committed as generated, and true of what is accepted."""

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pydantic.dataclasses import dataclass
from support.tiny import APPROACHES, MODULES, SOURCE, plan_of

from mnbench.errors import UserError
from mnbench.planning.config import FORMER_KEYS, Data, Recipe, read_study
from mnbench.planning.options import PLAIN, Configured, options_by_set
from mnbench.planning.recipe import CONFIG, SCHEDULES_WITH
from mnbench.planning.schema import study_schema
from mnbench.report.configuration import WRITER, configuration_pages, flow, in_words

ROOT = Path(__file__).parents[3]
SCHEMA = study_schema(MODULES)
PAGES = configuration_pages(MODULES)
TEMPLATE = (ROOT / "config/template.yaml").read_text(encoding="utf-8")


def keys_of(group: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Every key's schema by its dotted path, groups and what is in them."""
    keys = {}
    for key, value in group["properties"].items():
        keys[f"{path}{key}"] = value
        if "properties" in value:
            keys |= keys_of(value, f"{path}{key}.")
    return keys


KEYS = {key: value for key, value in keys_of(SCHEMA).items() if not value.get("deprecated")}
LEAVES = [key for key, value in KEYS.items() if "properties" not in value]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_committed_page_is_what_the_dataclasses_say(path):
    committed = (ROOT / path).read_text(encoding="utf-8")
    assert committed == PAGES[path], f"write it anew: {WRITER}"


def test_an_approach_that_says_nothing_of_itself_is_named():
    @dataclass(frozen=True, config=CONFIG)
    class Options:
        smoothing: float = 0.1

    module = ModuleType("own", None)
    module.__file__, module.Options = "/elsewhere/baselines/own.py", Options
    with pytest.raises(UserError, match=r"^baselines/own\.py: option 'smoothing' has no descript"):
        study_schema({"own": module})
    module.Options = MODULES["bagging"].Options
    with pytest.raises(UserError, match=r"^baselines/own\.py: no docstring"):
        study_schema({"own": module})


def test_every_key_has_a_meaning_and_an_example():
    assert len(LEAVES) > 40
    for key in KEYS:
        assert KEYS[key]["description"].endswith((".", ")")), key
        assert ":mod:" not in KEYS[key]["description"], key
    for key in LEAVES:
        assert KEYS[key]["examples"], key


def test_every_approach_is_documented():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for name in APPROACHES:
        assert f"### `approaches.{name}`\n" in page
        assert f"\n  {name}:\n" in TEMPLATE or f"\n  #{name}:\n" in TEMPLATE


def test_the_template_is_a_study_with_the_defaults():
    values = yaml.safe_load(TEMPLATE)
    study = read_study(values, source="template.yaml")
    assert (study.data, study.recipe) == (Data(), Recipe())
    assert plan_of(values).trainings


def test_the_template_with_every_key_uncommented_is_the_same_study():
    whole = yaml.safe_load(re.sub(r"(?m)^( *)#(?=\S)", r"\1", TEMPLATE))
    study = read_study(whole, source=SOURCE)
    short = read_study(yaml.safe_load(TEMPLATE), source=SOURCE)
    assert vars(study) | {"approaches": None} == vars(short) | {"approaches": None}
    assert set(whole["approaches"]) == set(APPROACHES)
    kinds = {name: module.Options for name, module in MODULES.items()}
    (options,) = options_by_set(study, kinds, source=SOURCE).values()
    plain = {name: {PLAIN: Configured(kind(), Recipe())} for name, kind in kinds.items()}
    assert options == plain
    for key in KEYS:
        assert re.search(rf"(?m)^ *#?{key.split('.')[-1]}:", TEMPLATE), key


# The editor's schema says of a study what planning says

validation = pytest.importorskip("jsonschema")


def accepts(values: Any) -> bool:
    return validation.Draft202012Validator(SCHEMA).is_valid(values)


def test_the_schema_is_one():
    validation.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.name)
def test_the_schema_accepts_every_configuration_that_comes_along(file):
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    validation.validate(values, SCHEMA)


def study_with(key: str, value: Any) -> dict[str, Any]:
    """A small study with *value* at the dotted *key*."""
    study: dict[str, Any] = {"study": "small", "datasets": ["fashion_mnist"], "seeds": [0]}
    study |= {
        "architecture_sets": ["v5", "v100"],
        "approaches": {"full_data": None, "bagging": None},
    }
    *outer, last = key.split(".")
    inner = study
    for part in outer:
        inner[part] = inner.get(part) or {}
        inner = inner[part]
    inner[last] = value
    return study


@pytest.mark.parametrize("key", LEAVES)
def test_every_example_and_default_is_valid(key):
    defaults = [KEYS[key]["default"]] if "default" in KEYS[key] else []
    last = key.rpartition(".")[2]
    for value in (*KEYS[key]["examples"], *defaults):
        study = study_with(key, value)
        if value in ("plateau", "convergence") or key.startswith("recipe.convergence"):
            together = {"protocol": "convergence", "schedule": {"name": "plateau"}}
            study["recipe"] = {**study.get("recipe", {}), **together}
        elif last in SCHEDULES_WITH and key.startswith("recipe.schedule"):  # some schedules' own
            name = SCHEDULES_WITH[last][0]
            protocol = "convergence" if name == "plateau" else "epochs"
            own = {"protocol": protocol, "schedule": {"name": name, last: value}}
            study["recipe"] = {**study.get("recipe", {}), **own}
        assert accepts(study)
        kinds = {name: module.Options for name, module in MODULES.items()}
        options_by_set(read_study(study, source=SOURCE), kinds, source=SOURCE)


WRONG = [
    ("sead", 1),
    ("device", "cudo"),
    ("datasets", ["imagenet"]),
    ("architecture_sets", ["v5_small"]),
    ("seeds", []),
    ("seeds", [-1]),
    ("recipe.epochs", 0),
    ("recipe.epochs", 1.5),
    ("recipe.optimiser.momentum", 1),
    ("data.train_images", "all"),
    ("approaches.baging", None),
    ("approaches.bagging.budget", [1]),
    ("approaches.mothernets.g", [0]),
    ("approaches.mothernets.g", ["some"]),
    ("approaches.mothernets.hatched.epochs", -1),
    ("approaches.bagging.architecture_sets", "v5"),
    ("approaches.bagging.architecture_sets", {"v5": {"budget": [1]}}),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_what_planning_refuses_the_schema_refuses(key, value):
    study = study_with(key, value)
    assert not accepts(study)
    with pytest.raises(UserError):
        plan_of(study)


def test_a_former_key_is_accepted_in_place_of_todays_but_not_beside_it():
    study = study_with("approaches.bagging.architecture_sets", ["v5"])
    for former, present in FORMER_KEYS.items():
        both = study | {former: study[present]}
        assert not accepts(both)
        del both[present]
        assert accepts(both)
        bagging = study["approaches"]["bagging"]
        bagging[former] = bagging[present]
        assert not accepts(study)
        del bagging[present]
        assert accepts(study)
        bagging[former] = ["imagenet"]
        assert not accepts(study)


def test_types_are_said_in_words():
    assert in_words({"type": "number", "minimum": 0, "exclusiveMaximum": 1}) == "number ≥ 0 and < 1"
    assert in_words({"enum": ["a", "b", "c"]}) == "`a`, `b` or `c`"
    assert in_words({"type": "array", "items": {"type": "integer"}}) == "list of whole numbers"
    assert in_words({"anyOf": [{"type": "boolean"}, {"type": "null"}]}) == (
        "`true` or `false` or `null`"
    )
    assert flow({"g": [1, "all"], "tau": None}) == "{g: [1, all], tau: null}"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
