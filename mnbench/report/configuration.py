"""Pages about the configuration, written from its schema: reference, template, editor's schema.

Open it when a generated page should look different; what a page says stands where the key is
defined. In the checkout, ``mnbench docs`` writes all of them. The trap: the files are committed,
and a test compares them, so write them anew after changing a key.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from mnbench.planning.options import CommonOptions
from mnbench.planning.schema import Schema, study_schema

WRITER = "mnbench docs"
PAGE = Path("docs/configuration.md")
TEMPLATE = Path("config/template.yaml")
SCHEMA = Path("workflow/schemas/study.schema.json")

_NUMBERS = {"integer": "whole number", "number": "number"}
_BOUNDS = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
_APPROACHES = "approaches"  # the key whose groups have the common options
_COMMON = [field.name for field in fields(CommonOptions)]

_INTRODUCTION = """\
# Configuration

<!-- Written by `{command}`: do not edit. -->

A study is one YAML file in `config/`. This page lists every key. `config/template.yaml` has all of
them at their defaults, with comments. A wrong key or value is refused in one line before anything
runs. *Unverified* marks what comes from memory of the paper.

`ensembles` is the former name of the key `architecture_sets` and still valid.

Keys without a default are required. A short study:

```yaml
{study}```

An editor that knows JSON schemas completes and checks keys if the file begins with this line:

```yaml
# yaml-language-server: $schema=../workflow/schemas/study.schema.json
```
"""

_TEMPLATE = """\
# yaml-language-server: $schema=../workflow/schemas/study.schema.json
# A study: every key, at its default. Copy this file, then edit it.
# Written by `{command}`; docs/configuration.md says the same.
# A key with "#" directly before it is optional. To set it, remove that "#". A key that stands under
# another one, further to the right, needs that one's "#" removed as well.
"""


def configuration_pages(approaches: Mapping[str, ModuleType]) -> dict[Path, str]:
    """Return the text of every page about the configuration, by its path in the checkout.

    Args:
        approaches: modules with ``Options``, by name.
    """
    schema = study_schema(approaches)
    return {
        PAGE: as_markdown(schema),
        TEMPLATE: as_template(schema),
        SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
    }


def as_markdown(schema: Schema) -> str:
    """Return the reference: a section for each group of keys, a table row for each key.

    Args:
        schema: what :func:`~mnbench.planning.schema.study_schema` returns.
    """
    required = {key: _example(schema["properties"][key]) for key in _required(schema)}
    study = yaml.safe_dump(required, sort_keys=False, default_flow_style=None)
    study = study.replace(": null\n", ":\n")  # as people write it
    introduction = _INTRODUCTION.format(study=study, command=WRITER)
    return "\n".join([introduction, *_sections("", schema)])


def as_template(schema: Schema) -> str:
    """Return a valid study that shows every key, the optional ones commented out.

    Args:
        schema: what :func:`~mnbench.planning.schema.study_schema` returns.
    """
    entries = _entries(schema, _required(schema), indent="", live=True)
    return "\n".join([_TEMPLATE.format(command=WRITER).rstrip("\n"), *entries]) + "\n"


def in_words(schema: Schema, *, plural: bool = False) -> str:
    """Return the type that a JSON schema describes, as Markdown, for example "number ≥ 0"."""
    if forms := [form for form in _forms(schema) if not form.get("deprecated")]:
        return " or ".join(in_words(form, plural=plural) for form in forms)
    if "enum" in schema:
        names = [f"`{flow(value)}`" for value in schema["enum"]]
        return " or ".join([", ".join(names[:-1]), names[-1]] if names[:-1] else names)
    kind = schema["type"]
    if kind in _NUMBERS:
        name = _NUMBERS[kind] + ("s" if plural else "")
        bounds = [f"{sign} {flow(schema[key])}" for key, sign in _BOUNDS.items() if key in schema]
        return " ".join([name, " and ".join(bounds)]).strip()
    if kind == "array":
        return "list of " + in_words(schema["items"], plural=True)
    return {"boolean": "`true` or `false`", "string": "text", "null": "`null`"}.get(kind, "mapping")


def flow(value: Any) -> str:
    """Return a value as YAML in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _sections(path: str, group: Schema) -> Iterator[str]:
    """Yield a group's section, then those of the groups inside it."""
    yield f"{'#' * (2 + path.count('.'))} {f'`{path}`' if path else 'The study'}\n"
    yield f"{group['description']}\n"
    keys = _keys(group)
    if path == _APPROACHES:
        first = next(value for value in keys.values() if _is_group(value))
        yield f"Every approach has {' and '.join(f'`{key}`' for key in _COMMON)}:\n"
        yield _table({key: first["properties"][key] for key in _COMMON}, [])
    own = {
        key: v for key, v in keys.items() if not path.startswith(_APPROACHES) or key not in _COMMON
    }
    rows = {key: value for key, value in own.items() if not _is_group(value) or _examples(value)}
    if rows:
        yield _table(rows, _required(group))
    for key, value in own.items():
        if _is_group(value):
            yield from _sections(f"{path}.{key}" if path else key, value)
        elif entry := next(filter(_is_group, _forms(value.get("items", {}))), None):
            yield from _sections(f"{path}.{key}[]" if path else f"{key}[]", entry)


def _table(keys: dict[str, Schema], required: list[str]) -> str:
    lines = ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key, value in keys.items():
        default = "required" if key in required else f"`{flow(value['default'])}`"
        examples = "<br>".join(f"`{flow(example)}`" for example in _examples(value))
        cells = (f"`{key}`", in_words(value), default, value["description"], examples)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _entries(group: Schema, wanted: list[str], *, indent: str, live: bool) -> Iterator[str]:
    """Yield the template's lines for the keys of a group; *wanted* keys are not commented out."""
    for key, value in _keys(group).items():
        sign = "" if live and key in wanted else "#"
        if not indent:
            yield ""
        about = value["description"].replace("`", "")
        yield from (f"{indent}# {line}" for line in _wrapped(about, 98 - len(indent)))
        if _is_group(value):
            yield f"{indent}{sign}{key}:"
            inner = [*_required(value), *(_example(value) or {})]
            yield from _entries(value, inner, indent=indent + "  ", live=not sign)
        else:
            yield f"{indent}{sign}{key}: {flow(value.get('default', _example(value)))}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _keys(group: Schema) -> dict[str, Schema]:
    return {key: v for key, v in group["properties"].items() if not v.get("deprecated")}


def _required(group: Schema) -> list[str]:
    """Return the keys of a group that have an example but no default, in order."""
    keys = _keys(group).items()
    return [key for key, value in keys if "default" not in value and _examples(value)]


def _forms(schema: Schema) -> list[Schema]:
    """Return the alternatives that a schema allows; none if it is one form itself."""
    return [*schema.get("anyOf", []), *schema.get("oneOf", [])]


def _is_group(schema: Schema) -> bool:
    return "properties" in schema


def _examples(schema: Schema) -> list[Any]:
    return schema.get("examples", [])


def _example(schema: Schema) -> Any:
    return next(iter(_examples(schema)), None)
