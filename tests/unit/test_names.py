"""One name has one meaning: no public name is defined by two modules of mnbench."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mnbench"

# Names that mean the same wherever they are defined, and why several modules define them.
SHARED = {
    "TITLE": "what a registry knows of a table or figure",
    "COLUMNS": "of a table, and of the comparison of two studies",
    "CAPTION": "what a registry knows of a figure",
    "COST_AXIS": "of a figure; of tables the column that names the axis",
    "TABLES": "the tables that a figure or page reads; of the registry all of them",
    "COMMAND": "what a registry knows of a command",
    "build": "a table's builder",
    "costs_shown": "of a figure with a cost axis: the rows whose costs it shows",
    "draw": "a figure's drawing, and the catalogue's of any figure",
    "main": "what a program starts with",
    "of_records": "a table's builder that needs records alone",
    "evaluate": "a network while it trains; a study's ensembles",
    "T": "a type variable",
}


def public_names(module: ast.Module) -> Iterator[str]:
    """The names of a module's own classes, functions and constants."""
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def test_a_public_name_is_defined_once_or_means_the_same_everywhere():
    defined = defaultdict(set)
    for file in sorted(PACKAGE.rglob("*.py")):
        for name in public_names(ast.parse(file.read_text(encoding="utf-8"))):
            if not name.startswith("_"):
                defined[name].add(str(file.relative_to(PACKAGE.parent)))
    several = {name: files for name, files in defined.items() if len(files) > 1}
    assert {name: files for name, files in several.items() if name not in SHARED} == {}
    assert set(SHARED) == set(several), "an exception that nothing needs"
