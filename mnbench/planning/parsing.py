"""From plain values, as YAML gives them, to a pydantic dataclass; a mistake is one line.

Open it when an error about a configuration should say more. The trap: unknown keys are reported
before missing ones, since a misspelt key causes both.
"""

import json
import re
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from mnbench.errors import UserError, choices, requirement

T = TypeVar("T")
LONGEST_QUOTE = 100  # characters


def parse(
    kind: type[T], values: Any, *, source: str, key: str = "", others: tuple[str, ...] = ()
) -> T:
    """Return plain values as a *kind*, a pydantic dataclass, or explain in one line why not.

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
        hashable: Any = kind  # which mypy does not know of a type
        parsed: T = _adapter(hashable).validate_json(json.dumps(values, default=str))
        return parsed
    except TypeError:  # from json
        raise UserError(f"{source}: {_place(key)} has a key that is no text: {values!r}") from None
    except ValidationError as error:
        raise UserError(f"{source}: {_explain(error, kind, key, others)}") from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _explain(error: ValidationError, kind: type, key: str, others: tuple[str, ...]) -> str:
    """Put the first of pydantic's findings in one line."""
    # Unknown keys first: a misspelt key is the likely cause of a missing one.
    findings = sorted(error.errors(), key=lambda e: e["type"] != "unexpected_keyword_argument")
    # A list whose entries are wrong is also said to be too short.
    inner = {finding["loc"][:-1] for finding in findings}
    findings = [f for f in findings if f["type"] != "too_short" or f["loc"] not in inner]
    first = findings[0]
    # Without pydantic's "[key]", of a mapping's key, and the tags of alternatives.
    path = [str(part) for part in first["loc"] if not re.fullmatch(r"\[[a-z]+\]", str(part))]
    place = ".".join([key, *path] if key else path)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    match first["type"]:
        case "unexpected_keyword_argument":
            owner = _dataclass_at(kind, path[:-1])
            own = [field.name for field in fields(owner)]
            allowed = [*own, *(others if len(path) == 1 else ())]
            return f"unknown key '{place}'; {choices(path[-1], allowed)}{more}"
        case "missing":
            return f"key '{place}' is missing; give it{_example(kind, path)}{more}"
        case "value_error":
            return f"{_place(place)}: {first['ctx']['error']}{more}"
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", first["ctx"]["expected"])
            hint = choices(str(first["input"]), allowed)
            return f"key '{place}': unknown value {_quoted(first['input'])}; {hint}{more}"
    return f"{_place(place)} {requirement(first)}, got {_quoted(first['input'])}{more}"


def _quoted(value: Any) -> str:
    """Return the beginning of a value: a file that is no configuration is one long text."""
    text = json.dumps(value)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}..."


def _place(key: str) -> str:
    return f"key '{key}'" if key else "the configuration"


def _example(kind: type, path: list[str]) -> str:
    """Write the line that somebody could have written for a missing key, if the key shows one."""
    documented = getattr(_dataclass_at(kind, path[:-1]), "__pydantic_fields__", {})
    examples = documented[path[-1]].examples if path[-1] in documented else None
    return f", for example '{path[-1]}: {json.dumps(examples[0])}'" if examples else ""


def _dataclass_at(kind: Any, path: list[str]) -> Any:
    """Return the dataclass at *path* inside *kind*."""
    kind = _dataclass_in(kind)
    for part in path:
        # What is no field is a position in a list of dataclasses, or the like.
        if annotation := get_type_hints(kind).get(part):
            kind = _dataclass_in(annotation)
    return kind


def _dataclass_in(annotation: Any) -> Any:
    """Return the dataclass that an annotation is or holds (Annotated, Optional, tuple), or None."""
    if is_dataclass(annotation):
        return annotation
    held = map(_dataclass_in, get_args(annotation))
    return next((kind for kind in held if kind), None)
