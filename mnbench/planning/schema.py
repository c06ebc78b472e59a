"""The JSON schema of a study: every key with its type, default, meaning and example.

Open it when an editor or a generated page says something wrong about a key. Everything is read from
the pydantic dataclasses, so a new key needs no change here. The trap: rules between two keys (a
schedule that does not suit the protocol) are not in the schema; only planning checks them.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter

from mnbench.errors import UserError
from mnbench.planning.config import FORMER_KEYS, Study
from mnbench.planning.options import SETS_KEY, CommonOptions

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def study_schema(approaches: Mapping[str, ModuleType]) -> Schema:
    """Return the JSON schema of a configuration file, with every approach's options.

    Args:
        approaches: modules with ``Options``, by name.

    Raises:
        UserError: an approach or one of its options says nothing of itself; names the module.
    """
    schema = schema_of(Study)
    listed = schema["properties"]["approaches"]
    listed["properties"] = {
        name: _with_former_keys(_of_approach(module), f"#/properties/approaches/properties/{name}")
        for name, module in approaches.items()
    }
    listed["additionalProperties"] = False
    return {"$schema": DIALECT, "title": "A study of mnbench", **_with_former_keys(schema, "#")}


def schema_of(kind: type) -> Schema:
    """Return the JSON schema of a pydantic dataclass, without references and generated titles."""
    schema = TypeAdapter(kind).json_schema()
    return _inlined(schema, schema.get("$defs", {}))


def _of_approach(module: ModuleType) -> Schema:
    own, common = schema_of(module.Options), schema_of(CommonOptions)
    _check_described(module, own)
    options_of_a_set = {**own, "type": ["object", "null"]}
    for form in common["properties"][SETS_KEY]["anyOf"]:
        if form["type"] == "object":
            form["additionalProperties"] = options_of_a_set
    return {
        **own,
        "type": ["object", "null"],
        "description": _first_paragraph(module),
        "properties": own["properties"] | common["properties"],
    }


def _first_paragraph(module: ModuleType) -> str:
    text = inspect.getdoc(module)
    if not text:
        raise UserError(
            f"{_file_of(module)}: no docstring, which docs/configuration.md shows; say in its "
            "first line what the approach is"
        )
    return " ".join(text.split("\n\n")[0].split())


def _check_described(module: ModuleType, own: Schema) -> None:
    """Check that every option says what it means, at any depth."""
    for key, value in own["properties"].items():
        if "description" not in value:
            raise UserError(
                f"{_file_of(module)}: option '{key}' has no description, which "
                f"docs/configuration.md shows; give {key}: ... = Field(default=..., "
                "description=...)"
            )
        if "properties" in value:
            _check_described(module, value)


def _file_of(module: ModuleType) -> str:
    return "/".join(Path(module.__file__ or module.__name__).parts[-2:])


def _with_former_keys(schema: Schema, place: str) -> Schema:
    """Return the schema of the mapping at *place*, with every key's former name as an alternative.

    Args:
        schema: of the mapping.
        place: its JSON pointer in the whole schema.
    """
    properties, required = dict(schema["properties"]), list(schema.get("required", []))
    rules: list[Schema] = []
    for former, present in FORMER_KEYS.items():
        if present not in properties:
            continue
        properties[former] = {
            "deprecated": True,
            "description": f"Former name of `{present}`, still valid.",
            "$ref": f"{place}/properties/{present}",
        }
        if present in required:
            required.remove(present)
            rules.append({"oneOf": [{"required": [present]}, {"required": [former]}]})
        else:
            rules.append({"not": {"type": "object", "required": [present, former]}})
    schema = {**schema, "properties": properties}
    return (
        schema | ({"required": required} if required else {}) | ({"allOf": rules} if rules else {})
    )


def _inlined(node: Any, definitions: Mapping[str, Schema]) -> Any:
    """Replace references by what they refer to: forms and catalogues do not follow them."""
    if isinstance(node, list):
        return [_inlined(entry, definitions) for entry in node]
    if not isinstance(node, dict):
        return node
    own = {
        key: _inlined(value, definitions)
        for key, value in node.items()
        if not (key in ("$ref", "$defs") or (key == "title" and isinstance(value, str)))
    }
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].split("/")[-1]], definitions) | own
    return own
