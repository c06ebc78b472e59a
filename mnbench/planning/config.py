"""The study: a configuration file, checked in full before anything runs."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from mnbench.architectures import ARCHITECTURE_SETS
from mnbench.datasets import DATASETS
from mnbench.errors import UserError, choices, requirement
from mnbench.planning.recipe import CONFIG, Recipe

T = TypeVar("T")

COST_AXES = ("cpu_seconds", "device_seconds", "training_flops", "examples")
FORMER_KEYS = MappingProxyType({"ensembles": "architecture_sets"})  # still valid
TIMES = COST_AXES[:2]  # no measure of anything where a training had to share its device


def _one_of(what: str, allowed: tuple[str, ...]) -> AfterValidator:
    def check(name: str) -> str:
        if name not in allowed:
            raise ValueError(f"unknown {what} '{name}'; {choices(name, allowed)}")
        return name

    return AfterValidator(check)


def _distinct(values: tuple[T, ...]) -> tuple[T, ...]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{twice[0]!r} is given twice; give each once")
    return values


def _file_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError(
            f"'{name}' cannot name a folder; use letters, digits, '_', '.' and '-', "
            "a letter or digit first"
        )
    return name


Distinct = AfterValidator(_distinct)
DatasetName = Annotated[str, _one_of("data set", tuple(DATASETS))]
ArchitectureSetName = Annotated[str, _one_of("architecture set", ARCHITECTURE_SETS)]
Seed = Annotated[int, Field(ge=0)]
Budget = Annotated[float, Field(gt=0)]
Budgets = Annotated[tuple[Budget, ...], Field(min_length=1), Distinct]
CostAxis = Annotated[str, _one_of("cost axis", COST_AXES)]


@dataclass(frozen=True, config=CONFIG)
class Data:
    """Which images, and where they are."""

    root: str = "data"  # folder of the data sets that are not embedded
    download: bool = False  # fetch missing data sets into root
    train_images: int | None = Field(None, gt=0)  # the first n, stratified; null is all
    validation_images: int = Field(5000, gt=0)  # held out of the training images


@dataclass(frozen=True, config=CONFIG)
class Study:
    """What a configuration file says."""

    study: Annotated[str, AfterValidator(_file_name)]  # also its folder below results/
    datasets: Annotated[tuple[DatasetName, ...], Field(min_length=1), Distinct]
    architecture_sets: Annotated[tuple[ArchitectureSetName, ...], Field(min_length=1), Distinct]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), Distinct]
    approaches: Annotated[dict[str, dict[str, Any] | None], Field(min_length=1)]
    data: Data = Data()
    recipe: Recipe = Recipe()
    # The axes of figures and comparisons; what is claimed is judged on the first.
    costs: Annotated[tuple[CostAxis, ...], Field(min_length=1), Distinct] = (
        "training_flops",
        "cpu_seconds",
    )
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: a GPU where there is one


def read_study(config: Mapping[str, Any], *, source: str) -> Study:
    """Check a configuration and make it a value.

    Args:
        config: plain values, as YAML gives them.
        source: the file's name, for errors.

    Raises:
        UserError: names the file, the key, what is wrong and what is allowed.
    """
    return parse(Study, _in_todays_words(config, source), source=source)


def _in_todays_words(config: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    """Return a configuration with the keys of :data:`FORMER_KEYS` called as they are now.

    Raises:
        UserError: a mapping has a key by its former and by its present name.
    """

    def renamed(values: Any, key: str) -> Any:
        if not isinstance(values, Mapping):
            return values
        for former, present in FORMER_KEYS.items():
            if former in values and present in values:
                raise UserError(
                    f"{source}: key '{key}{former}' is the former name of '{key}{present}', which "
                    "is given as well; give one of them"
                )
        return {FORMER_KEYS.get(name, name): value for name, value in values.items()}

    config = renamed(config, "")
    if isinstance(config, Mapping) and isinstance(config.get("approaches"), Mapping):
        approaches = {
            name: renamed(options, f"approaches.{name}.")
            for name, options in config["approaches"].items()
        }
        config = {**config, "approaches": approaches}
    return config


def parse(
    kind: type[T], values: Any, *, source: str, key: str = "", others: tuple[str, ...] = ()
) -> T:
    """Make plain values a *kind* (a pydantic dataclass), or explain in one line why not.

    Args:
        kind: the dataclass.
        values: plain values, as YAML gives them.
        source: the file's name, for errors.
        key: where in the file the values stand, dotted.
        others: keys that may stand beside the dataclass's own, to name in errors.

    Raises:
        UserError: names the file, the key, what is wrong and what is allowed.
    """
    try:
        # By way of JSON, in whose strict mode a list is a tuple but "3" is no number.
        return TypeAdapter(kind).validate_json(json.dumps(values, default=str))
    except TypeError:  # from json
        raise UserError(f"{source}: {_place(key)} has a key that is no text: {values!r}") from None
    except ValidationError as error:
        raise UserError(f"{source}: {_explain(error, kind, key, others)}") from None


def _explain(error: ValidationError, kind: type, key: str, others: tuple[str, ...]) -> str:
    """Put the first of pydantic's findings in one line."""
    # Unknown keys first: a misspelt key is the likely cause of a missing one.
    findings = sorted(error.errors(), key=lambda e: e["type"] != "unexpected_keyword_argument")
    # A list whose entries are wrong is also said to be too short.
    inner = {finding["loc"][:-1] for finding in findings}
    findings = [f for f in findings if f["type"] != "too_short" or f["loc"] not in inner]
    first = findings[0]
    path = [str(part) for part in first["loc"]]
    where = ".".join([key, *path] if key else path)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    match first["type"]:
        case "unexpected_keyword_argument":
            allowed = (*_keys(kind, path[:-1]), *(others if len(path) == 1 else ()))
            return f"unknown key '{where}'; {choices(path[-1], allowed)}{more}"
        case "missing":
            return f"key '{where}' is missing; give it{more}"
        case "value_error":
            return f"{_place(where)}: {first['ctx']['error']}{more}"
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", first["ctx"]["expected"])
            hint = choices(str(first["input"]), allowed)
            return f"key '{where}': unknown value {json.dumps(first['input'])}; {hint}{more}"
    return f"{_place(where)} {requirement(first)}, got {json.dumps(first['input'])}{more}"


def _place(where: str) -> str:
    return f"key '{where}'" if where else "the configuration"


def _keys(kind: Any, path: list[str]) -> list[str]:
    """The keys that the dataclass at *path* inside *kind* has."""
    kind = _dataclass_in(kind)
    for part in path:
        # What is no field is a position in a list of dataclasses, or the like.
        if annotation := get_type_hints(kind).get(part):
            kind = _dataclass_in(annotation)
    return [field.name for field in fields(kind)]


def _dataclass_in(annotation: Any) -> Any:
    """The dataclass that an annotation is, or holds (Annotated, Optional, tuple); else None."""
    if is_dataclass(annotation):
        return annotation
    held = map(_dataclass_in, get_args(annotation))
    return next((found for found in held if found), None)
