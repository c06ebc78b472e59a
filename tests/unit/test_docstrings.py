"""What a docstring says: of a module when to open it, of a class what it is."""

import ast
from pathlib import Path

import pytest

import mnbench

ROOT = Path(mnbench.__file__).parents[1]
MODULES = sorted(
    path.relative_to(ROOT)
    for folder in ("mnbench", "baselines")
    for path in (ROOT / folder).rglob("*.py")
)
IMPERATIVES = {"Apply", "Describe", "Fill", "Find", "Give", "Hold", "Return", "Say", "Tell"}


def tree_of(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_says_when_to_open_it(module):
    assert "Open" in (ast.get_docstring(tree_of(module)) or "").split()


def test_a_class_is_described_by_a_noun():
    classes = [
        (module, node)
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.ClassDef) and ast.get_docstring(node)
    ]
    assert classes
    imperative = [
        f"{module}: {node.name}"
        for module, node in classes
        if ast.get_docstring(node).split()[0] in IMPERATIVES
    ]
    assert imperative == []
