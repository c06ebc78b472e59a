"""Plug-ins: modules of a folder that are known by the constants that they define.

Open this module to see how tables and figures are collected, so that adding one touches one file.
The trap: constants are read from the source, not by importing. Snakemake reads them each time it
parses the workflow and must not wait for pandas and matplotlib.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any


@cache
def literal_constants(folder: Path, required: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the literal module constants of every module that defines *required*.

    Args:
        folder: of the modules.
        required: the constant that makes a module a plug-in.

    Returns:
        By module name, in alphabetical order, the constants whose values are literals.
    """
    modules = {}
    for path in sorted(folder.glob("*.py")):
        constants = dict(_literals(ast.parse(path.read_text(encoding="utf-8"))))
        if required in constants:
            modules[path.stem] = MappingProxyType(constants)
    return MappingProxyType(modules)


def _literals(module: ast.Module) -> list[tuple[str, Any]]:
    literals = []
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                literals.append((node.targets[0].id, ast.literal_eval(node.value)))
            except ValueError:  # computed, and so not for readers of the source
                continue
    return literals
