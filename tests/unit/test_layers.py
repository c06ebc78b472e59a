"""The packages of mnbench lie in layers: one imports those below it, and none each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mnbench"


def imports() -> dict[str, set[str]]:
    """What each package or module beside them imports of the others, within functions too."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        name = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mnbench."):
                found.setdefault(name, set()).add(str(node.module).split(".")[1])
    return {name: others - {name} for name, others in found.items()}


def test_no_two_packages_import_each_other():
    order = list(TopologicalSorter(imports()).static_order())  # raises CycleError
    assert order.index("planning") < order.index("training") < order.index("commands")


def test_commands_are_the_top_layer():
    assert {name for name, others in imports().items() if "commands" in others} == {"cli"}
