"""YAML as people mean it."""

import time

import pytest

from mnbench.errors import UserError
from mnbench.yaml_files import parse_yaml, read_yaml


def test_values_are_those_of_yaml():
    text = "a: [1, 2.5, 1.0e-3, true, 'no', \"010\", null, -7]\nb: {c: text}\n"
    values = {"a": [1, 2.5, 1e-3, True, "no", "010", None, -7], "b": {"c": "text"}}
    assert parse_yaml(text, source="x") == values
    assert parse_yaml("", source="x") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: key 'a' is given twice; give it once"),
        ("x: {g: [1], noise: 0, g: [2]}", "line 1: key 'g' is given twice; give it once"),
        ("seeds: [010]", "line 1: YAML reads 010 as 8; write 8, or '010' in quotes"),
        ("seeds: [0x10]", "line 1: YAML reads 0x10 as 16; write 16, or '0x10' in quotes"),
        ("time: 1:30", "line 1: YAML reads 1:30 as 90; write 90, or '1:30' in quotes"),
        ("study: no", "line 1: YAML reads no as false; write false, or 'no' in quotes"),
        ("study: On", "line 1: YAML reads On as true; write true, or 'On' in quotes"),
        ("a: [1, 2", "line 1: not valid YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: !!python/object:os.system x", "line 1: could not determine a constructor for the tag"),
        ("a: \x00", "not valid YAML: "),
        ("a: !!int []", "line 1: expected a scalar node, but found sequence; use plain text"),
        ("a: !!float {}", "line 1: expected a scalar node, but found mapping; use plain text"),
        ("a: !!bool {}", "line 1: expected a scalar node, but found mapping; use plain text"),
        ("a: !!bool maybe", "line 1: cannot be read (KeyError: 'maybe'); put it in quotes"),
        ("a: !!int ''", "line 1: cannot be read (IndexError: "),
        ("a: !!timestamp x", "line 1: cannot be read (AttributeError: "),
        ("a: 2020-13-45", "line 1: cannot be read (ValueError: month must be in 1..12); put it in"),
        ("a: " + "1" * 5000, "line 1: cannot be read (ValueError: Exceeds the limit"),
        ("[1, 2]: 3", "line 1: found unhashable key; use plain text"),
        ("a: 1\n---\na: 2", "line 2: not valid YAML: but found another document"),
    ],
)
def test_what_would_be_misread_is_one_line(text, said):
    with pytest.raises(UserError) as caught:
        parse_yaml(text, source="study.yaml")
    assert str(caught.value).startswith(f"study.yaml: {said}")
    assert "\n" not in str(caught.value)


def test_a_bomb_of_aliases_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.process_time()
    with pytest.raises(UserError, match="more than 20,000 values"):
        parse_yaml("\n".join(lines), source="bomb.yaml")
    assert time.process_time() - began < 3
    with pytest.raises(UserError, match="more than 20,000 values"):
        parse_yaml("a: &a [*a]", source="bomb.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "{" + ", ".join(f"k{number}: 1" for number in range(40_000)) + "}",
        "[" + "[], " * 40_000 + "]",
        "[" * 100_000,
        "- " * 100_000,
        "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000)),
    ],
    ids=["keys", "entries", "open lists", "lists", "aliases"],
)
def test_more_than_people_write_is_refused_within_seconds(text):
    began = time.process_time()
    with pytest.raises(UserError, match=r"more than (20,000 values|50 levels)"):
        parse_yaml(text, source="large.yaml")
    assert time.process_time() - began < 3


def test_a_file_without_end_is_refused(tmp_path):
    (tmp_path / "large.yaml").write_text("a: " + "x" * 10**6)
    with pytest.raises(UserError, match=r"large\.yaml: has more than 1,000,000 bytes; use a"):
        read_yaml(tmp_path / "large.yaml")


def test_a_merged_mapping_may_be_overridden():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}"
    assert parse_yaml(text, source="x")["b"] == {"x": 1, "y": 3}


def test_aliases_that_people_write_are_followed():
    assert parse_yaml("a: &x [1, 2]\nb: *x", source="x") == {"a": [1, 2], "b": [1, 2]}


def test_nesting_without_end_is_one_line():
    with pytest.raises(UserError, match="nested in more than 50 levels; use fewer"):
        parse_yaml("[" * 5000, source="deep.yaml")


@pytest.mark.parametrize("content", [b"\xff\xfea\x00", b"\x80\x81", "naïve: é".encode("latin-1")])
def test_other_encodings_are_one_line(tmp_path, content):
    (tmp_path / "study.yaml").write_bytes(content)
    with pytest.raises(UserError, match=r"study\.yaml: is no UTF-8 text"):
        read_yaml(tmp_path / "study.yaml")
