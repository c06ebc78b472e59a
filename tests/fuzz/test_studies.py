"""A study's file, whatever is in it, is planned or refused in one line."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from support.fuzzing import Explorer, outcome, sizes
from support.hostile import yaml_files
from support.tiny import APPROACHES, config

from mnbench.planning.config import FORMER_KEYS, Data, Study, read_study
from mnbench.planning.disk import disk_line
from mnbench.planning.forecast import overview
from mnbench.planning.plan import Plan
from mnbench.planning.planner import make_plan
from mnbench.planning.recipe import Recipe
from mnbench.yaml_files import read_yaml


def every_key() -> dict[str, Any]:
    """Return the tiny study with every key that a study can have."""
    options = {name: asdict(approach.options()) for name, approach in APPROACHES.items()}
    given = {name: values or {} for name, values in config()["approaches"].items()}
    values = config() | {
        "data": asdict(Data()) | config()["data"],
        "recipe": asdict(Recipe()) | config()["recipe"],
        "approaches": {name: options[name] | given[name] for name in options},
        "costs": ["training_flops", "cpu_seconds"],
    }
    return plain(values)


def plain(value: Any) -> Any:
    """Return a value with lists in place of tuples, as YAML has it."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


def abroad(dataset: str) -> dict[str, Any]:
    """Return a study of a data set that is read from a folder, which is missing."""
    data = config()["data"] | {"root": "elsewhere", "download": True}
    return config() | {"datasets": [dataset], "data": data}


CONVERGENCE = config() | {
    "recipe": {"protocol": "convergence", "schedule": {"name": "plateau"}},
    "approaches": {"mothernets": {"architecture_sets": {"v5-small": {"g": ["minimum", "all"]}}}},
}
STUDIES = (config(), every_key(), CONVERGENCE, abroad("cifar100"), abroad("svhn"))
KEYS = (*Study.__annotations__, *FORMER_KEYS, *APPROACHES, "epochs", "g", "sizes", "v5-small")


def plan_file(file: Path) -> Plan:
    """Plan a study as `mnbench plan` does, and as Snakemake writes it."""
    study = read_study(read_yaml(file), source=str(file))
    plan = make_plan(study, APPROACHES, source=str(file))
    assert overview(plan) and disk_line(plan) and plan.to_json()
    return plan


@sizes(few=85, many=2400)
def test_a_study_is_planned_or_refused_in_one_line(cases: int, explore: Explorer, folder: Path):
    file = folder / "study.yaml"

    def check(content: bytes) -> None:
        file.write_bytes(content)
        result = outcome(lambda: plan_file(file), file, folder.parent)
        if isinstance(result, str):
            assert result.startswith(f"{file}: "), result
            places = ("key '", "the configuration", "YAML", "line ", "UTF-8", "values once", "key")
            assert any(place in result for place in places), result

    explore(cases, yaml_files(STUDIES, KEYS), check)
