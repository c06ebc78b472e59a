"""Hypothesis strategies for files as nobody should write them: values, trees, texts and bytes."""

import copy
import datetime
import json
import math
from typing import Any

import yaml
from hypothesis import strategies as st

WORDS = (
    "",
    " ",
    "x" * 20_000,
    "../../outside",
    "/outside",
    "~nobody-of-this-name/data",
    "-rf",
    "$(touch PWNED)",
    "`touch PWNED`; touch PWNED",
    "<script>alert(1)</script>",
    "two\nlines",
    "carriage\rreturn",
    "tab\there",
    "null\0byte",
    "\x1b[31mred",
    "\u202eright to left",
    "\u2028separator",
    "naïve 日本 😀",
    "\ud800",
    "{}",
    "{name}",
    "%s%n",
    "null",
    "1e308",
    "timm:",
    "timm:resnet18",
    "timm:no\nmodel",
)
NUMBERS = (
    -1,
    0,
    1,
    2,
    3,
    255,
    2**31,
    2**63,
    2**64,
    10**9,
    10**400,
    -(10**400),
    0.1,
    -0.0,
    1.5,
    1e-320,
    1e16,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
)
ODDITIES = (None, True, False, [], {}, [[[[[]]]]], {"a": {"b": {"c": None}}}, [None], [[], {}])
# What JSON cannot hold.
OF_YAML = (
    datetime.date(2020, 1, 1),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    b"bytes",
    {1: 2},
    {None: None},
    {True: 1, 2.5: 3},
)
# YAML that no value is dumped as; stands where the text has its number.
RAW = (
    "&self [*self]",
    "*nowhere",
    "[" * 100_000,
    "[" * 500 + "]" * 500,
    "{a: " * 300 + "1" + "}" * 300,
    "1" * 5000,
    "-0x" + "f" * 6000,
    "1e5",
    "0b101",
    "1_000",
    ".inf",
    "-.NaN",
    "1:30:15",
    "2020-13-45",
    "2020-01-01T25:61:61Z",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a: 1]",
    "!!binary aGk=",
    "!!binary é",
    "!!int x",
    "!!float {}",
    "!!bool maybe",
    "!!int ''",
    "!!float ''",
    "!!timestamp x",
    "!!null x",
    "!!str [a]",
    "!!python/object/apply:os.system [id]",
    "!own x",
    "{? [a, b] : c}",
    "{? {a: b} : c}",
    "{<<: {epochs: 3}}",
    "{<<: 3}",
    "{<<: [1]}",
    "{=: 1}",
    "=",
    '"\\ud800"',
    '"\\x00"',
    "'open",
    "@at",
    "%percent",
    "? ",
    "yes",
)

numbers = st.one_of(
    st.sampled_from(NUMBERS), st.integers(-(2**70), 2**70), st.floats(allow_subnormal=True)
)
words = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
plain_values = st.one_of(st.sampled_from(ODDITIES), numbers, words)
raw_values = st.integers(0, len(RAW) - 1).map("RAW{}RAW".format)
yaml_values = st.one_of(plain_values, plain_values, raw_values, st.sampled_from(OF_YAML))


def trees(values: Any, keys: tuple[str, ...]) -> Any:
    """Draw trees from scratch: of *values*, under known *keys* mostly."""
    names = st.one_of(st.sampled_from(keys), st.sampled_from(keys), words)
    return st.recursive(
        values,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=6)
        ),
        max_leaves=12,
    )


@st.composite
def mutated(draw: Any, tree: Any, values: Any) -> Any:
    """Draw *tree* with one to three changes: parts dropped, renamed, copied, wrapped, replaced."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        places = list(_places(tree))
        if not places:
            return copy.deepcopy(draw(values))
        owner, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "replace", *_CHANGES])):
            case "replace":
                owner[key] = copy.deepcopy(draw(values))
            case "drop":
                del owner[key]
            case "rename" if isinstance(owner, dict):
                name = draw(st.one_of(words, st.just(str(key)[:-1]), st.sampled_from([3, None])))
                owner[name] = owner.pop(key)
            case "copy":
                other, place = draw(st.sampled_from(places))
                other[place] = copy.deepcopy(owner[key])
            case "wrap":
                owner[key] = draw(st.sampled_from([[owner[key]], {"a": owner[key]}]))
            case "add" if isinstance(owner, dict):
                owner[draw(words)] = copy.deepcopy(draw(values))
            case "double" if isinstance(owner, list):
                owner += owner[key : key + 1]
            case "many" if isinstance(owner, list) and len(places) < 2000:
                owner += owner[key : key + 1] * 2000
    return tree


_CHANGES = ("drop", "rename", "copy", "wrap", "add", "double", "many")


def _places(tree: Any) -> Any:
    """List every part of a tree by its owner and its key there."""
    pairs = enumerate(tree) if isinstance(tree, list) else ()
    for key, part in tree.items() if isinstance(tree, dict) else pairs:
        yield tree, key
        yield from _places(part)


@st.composite
def damaged(draw: Any, content: bytes) -> bytes:
    """Draw *content* cut, emptied, with bits flipped, or in another encoding."""
    position = draw(st.integers(0, max(0, len(content) - 1)))
    end = position + draw(st.integers(1, 40))
    match draw(st.sampled_from(["cut", "flip", "flip", "flip", "remove", "repeat", "insert", "*"])):
        case "cut":
            return content[:position]
        case "flip" if content:
            flipped = content[position] ^ (1 << draw(st.integers(0, 7)))
            return content[:position] + bytes([flipped]) + content[position + 1 :]
        case "remove":
            return content[:position] + content[end:]
        case "repeat":
            return content[:end] + content[position:]
        case "insert":
            return content[:position] + draw(st.binary(max_size=8)) + content[position:]
    text = content.decode("latin-1")
    return draw(
        st.sampled_from(
            [
                b"",
                b"\n",
                b"\0" * 100,
                b"\xef\xbb\xbf" + content,
                text.encode("utf-16"),
                text.encode("utf-16-le"),
                text.encode("utf-32"),
                content.replace(b"\n", b"\r\n"),
                content.replace(b"\n", b"\n\n\t"),
                content + content,
                content[::-1],
                bytes(range(256)),
                b"\x1f\x8b\x08" + content,
                b"PK\x03\x04" + content,
            ]
        )
    )


@st.composite
def yaml_files(draw: Any, originals: tuple[Any, ...], keys: tuple[str, ...]) -> bytes:
    """Draw a YAML file: one of *originals* mutated, or a tree of *keys*; some of them damaged."""
    changed = st.sampled_from(originals).flatmap(lambda tree: mutated(tree, yaml_values))
    tree = draw(st.one_of(changed, changed, changed, changed, trees(yaml_values, keys)))
    flow = draw(st.sampled_from([None, True, False]))
    text = yaml.safe_dump(tree, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    for number, raw in enumerate(RAW):
        text = text.replace(f"RAW{number}RAW", raw)
    if draw(st.integers(0, 9)) == 0:  # a key given twice
        text += "\n" + draw(st.sampled_from(text.splitlines()))
    content = text.encode("utf-8", "surrogatepass")
    return draw(damaged(content)) if draw(st.integers(0, 4)) == 0 else content


@st.composite
def json_files(draw: Any, originals: tuple[Any, ...], keys: tuple[str, ...]) -> bytes:
    """Draw a JSON file: one of *originals* mutated, or a tree of *keys*; some of them damaged."""
    changed = st.sampled_from(originals).flatmap(lambda tree: mutated(tree, plain_values))
    tree = draw(st.one_of(changed, changed, changed, changed, trees(plain_values, keys)))
    content = _json(tree).encode()
    match draw(st.integers(0, 14)):
        case 0:
            return draw(st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000]))
        case 1:
            deep = b"[" * 100_000 + b"]" * 100_000
            return content.replace(b"{", b'{"deep": ' + deep + b", ", 1)
        case 2 | 3 | 4:
            return draw(damaged(content))
    return content


def _json(tree: Any) -> str:
    """Return JSON in which an integer may be of any length: Python writes none of 4,300 digits."""
    return json.dumps(tree, skipkeys=True)
