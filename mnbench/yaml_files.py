"""YAML as people mean it: what YAML would quietly read as something else is refused in one line.

A key given twice (YAML takes the last one), ``010`` (it reads 8), ``1:30`` (90), ``no`` (false).

Open it to read a YAML file. The trap: Snakemake has read a study's file by itself before; so here
it is read once more, to be checked.
"""

import re
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from mnbench.errors import UserError

# Far beyond what people write, and read in two seconds.
LARGEST_FILE = 1_000_000  # bytes
LARGEST = 20_000  # values, aliases counted where they are used
DEEPEST = 50  # levels, aliases followed
_OTHER_BASE = re.compile(r"[-+]?0[0-9_]+|[-+]?0[bxo][0-9a-fA-F_]+")
_TRUTH = ("true", "false")
_TOO_DEEP = f"nested in more than {DEEPEST} levels; use fewer"
_TOO_MANY = f"has more than {LARGEST:,} values once its aliases (*name) are followed; write fewer"
_MERGE = "tag:yaml.org,2002:merge"


class _Misread(yaml.MarkedYAMLError):
    """A refusal in words of our own."""


class _Loader(yaml.SafeLoader):
    """YAML's safe values, without its surprises."""

    levels = 0  # around the node that is read
    nodes = 0  # so far

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.levels += 1
        self.nodes += 1
        if self.levels > DEEPEST or self.nodes > LARGEST:
            problem = _TOO_DEEP if self.levels > DEEPEST else _TOO_MANY
            raise _Misread(problem=problem, problem_mark=self.peek_event().start_mark)
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            # "<<" brings another mapping's keys, and keys that are no text are refused below.
            if key_node.tag == _MERGE or not isinstance(key_node, yaml.ScalarNode):
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _refusal(key_node, f"key '{key}' is given twice; give it once")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except Exception as error:  # "2020-13-45", 5,000 digits, "!!bool maybe": each in its way
            reason = f"{type(error).__name__}: {error}"
            raise _refusal(node, f"cannot be read ({reason}); put it in quotes") from None


def _refusal(node: yaml.Node, problem: str) -> _Misread:
    return _Misread(problem=problem, problem_mark=node.start_mark)


def _number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    text = loader.construct_scalar(node)
    if ":" in text or _OTHER_BASE.fullmatch(text):
        construct = loader.construct_yaml_float if "." in text else loader.construct_yaml_int
        read = construct(node)
        raise _refusal(node, f"YAML reads {text} as {read}; write {read}, or '{text}' in quotes")
    tag = node.tag.rsplit(":", 1)[-1]
    return loader.construct_yaml_int(node) if tag == "int" else loader.construct_yaml_float(node)


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    loader.construct_scalar(node)  # which refuses what is no scalar
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


def read_yaml(path: Traversable, *, source: str | None = None) -> Any:
    """Return the values of a YAML file.

    Args:
        path: of the file; it may lie inside a package.
        source: the file's name, for errors; by default its path.

    Raises:
        UserError: no UTF-8 text, no YAML, or something that YAML would misread.
        OSError: the file is missing or unreadable.
    """
    source = source or str(path)
    with path.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise UserError(f"{source}: has more than {LARGEST_FILE:,} bytes; use a smaller file")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        reason = f"{error.reason} at byte {error.start}"
        raise UserError(f"{source}: is no UTF-8 text ({reason}); save it as UTF-8") from None
    return parse_yaml(text, source=source)


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
        size, depth = _extent(node, {})
        if size > LARGEST or depth > DEEPEST:
            raise _refusal(node, _TOO_MANY if size > LARGEST else _TOO_DEEP)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}: line {mark.line + 1}" if mark else source
        raise UserError(f"{place}: {_explained(error)}") from None
    except RecursionError:  # aliases of aliases of aliases
        raise UserError(f"{source}: {_TOO_DEEP}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from None


def _explained(error: yaml.MarkedYAMLError) -> str:
    if isinstance(error, _Misread):
        return str(error.problem)
    if isinstance(error, yaml.constructor.ConstructorError):  # of "!tag", or a list as a key
        return f"{error.problem}; use plain text, numbers, lists and mappings"
    return f"not valid YAML: {error.problem}"


def _extent(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many values a node stands for, and in how many levels, aliases followed once."""
    if id(node) not in known:
        known[id(node)] = LARGEST + 1, 0  # of a node that contains itself
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        extents = [_extent(part, known) for part in parts]
        known[id(node)] = (
            1 + sum(size for size, _ in extents),
            1 + max((depth for _, depth in extents), default=0),
        )
    return known[id(node)]
