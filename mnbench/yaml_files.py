"""YAML as people mean it: what YAML would quietly read as something else is refused in one line.

A key given twice (YAML takes the last one), ``010`` (it reads 8), ``1:30`` (90), ``no`` (false).

Open it to read a YAML file. The trap: Snakemake has read a study's file by itself before; so here
it is read once more, to be checked.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from mnbench.errors import UserError

LARGEST = 100_000  # values, aliases counted where they are used
_OTHER_BASE = re.compile(r"[-+]?0[0-9_]+|[-+]?0[bxo][0-9a-fA-F_]+")
_TRUTH = ("true", "false")


class _Loader(yaml.SafeLoader):
    """YAML's safe values, without its surprises."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                raise _refusal(node.value[position][0], f"key '{key}' is given twice; give it once")
        return super().construct_mapping(node, deep)


def _refusal(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = node.value
    if ":" in text or _OTHER_BASE.fullmatch(text):
        construct = loader.construct_yaml_float if "." in text else loader.construct_yaml_int
        read = construct(node)
        raise _refusal(node, f"YAML reads {text} as {read}; write {read}, or '{text}' in quotes")
    tag = node.tag.rsplit(":", 1)[-1]
    return loader.construct_yaml_int(node) if tag == "int" else loader.construct_yaml_float(node)


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    value = loader.construct_yaml_bool(node)
    if node.value.lower() not in _TRUTH:
        said = str(value).lower()
        raise _refusal(
            node, f"YAML reads {node.value} as {said}; write {said}, or '{node.value}' in quotes"
        )
    return value


_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:bool", _truth)


def read_yaml(path: Path) -> Any:
    """Return the values of a YAML file.

    Raises:
        UserError: no UTF-8 text, no YAML, or something that YAML would misread.
        OSError: the file is missing or unreadable.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        reason = f"{error.reason} at byte {error.start}"
        raise UserError(f"{path}: is no UTF-8 text ({reason})") from None
    return parse_yaml(text, source=str(path))


def parse_yaml(text: str, *, source: str) -> Any:
    """Return the values that a YAML text stands for.

    Args:
        text: of one document.
        source: the file's name, for errors.

    Raises:
        UserError: no YAML, or something that YAML would misread.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > LARGEST:
            raise UserError(
                f"{source}: has more than {LARGEST:,} values once its aliases (*name) are followed"
            )
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        kind = "" if isinstance(error, yaml.constructor.ConstructorError) else "not valid YAML: "
        raise UserError(f"{source}: {place}{kind}{error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{source}: not valid YAML: {reason}") from None


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node stands for, aliases followed: without following each again."""
    if id(node) not in known:
        known[id(node)] = LARGEST + 1  # of a node that contains itself
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]
