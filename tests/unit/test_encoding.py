"""Every text file is read and written as UTF-8, whatever the user's locale is."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [file for name in ("mnbench", "baselines") for file in (ROOT / name).rglob("*.py")]
READERS = {"open", "read_text", "write_text", "NamedTemporaryFile", "TextIOWrapper", "to_csv"}


def opens_text_without_encoding(call: ast.Call) -> bool:
    """Whether a call opens a file as text in the locale's encoding."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name not in READERS or any(keyword.arg == "encoding" for keyword in call.keywords):
        return False
    if ast.unparse(call.func) in ("os.open", "Image.open", "read_text", "write_text"):
        return False  # a descriptor; pixels; functions whose own calls are looked at
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return not any(isinstance(mode, str) and "b" in mode for mode in modes)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_opened_in_the_locales_encoding(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls if opens_text_without_encoding(call)] == []


@pytest.mark.parametrize("text", ["path.open()", "path.read_text()", "open(p, 'w')", "t.to_csv(p)"])
def test_the_check_sees_what_it_should(text):
    assert opens_text_without_encoding(ast.parse(text, mode="eval").body)
