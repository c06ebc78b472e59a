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
