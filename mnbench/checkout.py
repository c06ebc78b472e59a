"""The checkout's approaches: the modules of ``baselines/``, which are not installed.

Open this when `mnbench plan` or `mnbench train` does not find an approach. The trap: other projects
have a package called ``baselines`` too, so the checkout's folder goes in front of the search path.
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import mnbench
from mnbench.errors import UserError
from mnbench.planning.planner import Approach

BASELINES = "baselines"


def find_checkout() -> Path:
    """Return the folder that holds ``baselines/``.

    The folders of PYTHONPATH come first: a workflow names its own checkout there. Then come the
    working directory and the folders above it, at last the folder beside the package, where it is
    installed with ``pip install -e``.

    Raises:
        UserError: none of them holds approaches.
    """
    current = Path.cwd()
    beside_package = Path(mnbench.__file__).resolve().parents[1]
    named = map(Path, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    for folder in (*named, current, *current.parents, beside_package):
        if (folder / BASELINES / "__init__.py").is_file():
            return folder
    raise UserError(
        f"{current}: no {BASELINES}/ here or in a folder above; run this in a checkout of mnbench"
    )


def import_approach(name: str) -> ModuleType:
    """Import an approach's module from the checkout.

    Raises:
        UserError: the checkout has no approach of this name.
    """
    checkout = find_checkout()
    if not (checkout / BASELINES / f"{name}.py").is_file():
        raise UserError(f"{checkout / BASELINES}: has no approach '{name}', no file {name}.py")
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    return importlib.import_module(f"{BASELINES}.{name}")


def approach_modules() -> dict[str, ModuleType]:
    """Import every approach of the checkout, and return the modules by name.

    A module without ``Options`` or ``lineage`` is a helper of other modules, and is left out.
    """
    folder = find_checkout() / BASELINES
    modules = {
        module.name: import_approach(module.name)
        for module in pkgutil.iter_modules([str(folder)])
        if not module.ispkg
    }
    return {
        name: module
        for name, module in modules.items()
        if hasattr(module, "Options") and hasattr(module, "lineage")
    }


def find_approaches() -> dict[str, Approach]:
    """Return every approach of the checkout by name, as planning wants them."""
    return {
        name: Approach(name, module.Options, module.lineage)
        for name, module in approach_modules().items()
    }
