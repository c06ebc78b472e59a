"""Whether Python and the packages are those that the checkout asks for.

Open it when `mnbench doctor` complains of a version. The trap: a build of torch for another device
has a suffix, ``2.9.0+cpu``, and is the same version.
"""

import sys
import tomllib
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK, Diagnosis

INSTALL = "run `make`, or `pip install -r requirements.lock`"
NAMED = 4  # packages that a line names


def installed_version(name: str) -> str | None:
    """Return a package's version without the suffix of its build, or None if it is missing."""
    try:
        return metadata.version(name).split("+")[0]
    except metadata.PackageNotFoundError:
        return None


def check_python(checkout: Path, version: Iterable[int] = sys.version_info[:3]) -> Diagnosis:
    """Return whether Python is one that the project allows."""
    said = ".".join(map(str, version))
    wanted = _project(checkout)["requires-python"]
    if not Requirement(f"python{wanted}").specifier.contains(said):
        remedy = "run `make PYTHON=python3.12`, say, after `make clean`"
        return Diagnosis(PROBLEM, "Python", f"{said}, but {wanted} is needed", remedy)
    return Diagnosis(OK, "Python", said)


def check_packages(
    checkout: Path, installed: Callable[[str], str | None] = installed_version
) -> list[Diagnosis]:
    """Return whether the packages are there, allowed, and those of requirements.lock.

    Args:
        checkout: has ``pyproject.toml`` and ``requirements.lock``.
        installed: returns a package's version, or None.
    """
    needed: dict[str, Requirement] = {
        canonicalize_name(requirement.name): requirement
        for requirement in map(Requirement, _project(checkout)["dependencies"])
    }
    unfit: list[str] = []
    other: list[str] = []
    missing: list[str] = []
    for name, pin in _locked(checkout / "requirements.lock"):
        version = installed(name)
        requirement = needed.get(name)
        if version is None:
            (unfit if requirement else missing).append(f"{name} is missing")
        elif requirement and not requirement.specifier.contains(version, prereleases=True):
            unfit.append(f"{name} {version}, but {requirement.specifier} is needed")
        elif version != pin:
            other.append(f"{name} {version} instead of {pin}")
    diagnoses = [
        Diagnosis(kind, "packages", _some(names, said), INSTALL)
        for kind, names, said in (
            (PROBLEM, unfit, "cannot do with"),
            (REMARK, missing, "of tests, documentation or other packages"),
            (REMARK, other, "other than in requirements.lock"),
        )
        if names
    ]
    return diagnoses or [Diagnosis(OK, "packages", "as in requirements.lock")]


def check_pair(
    installed: Callable[[str], str | None] = installed_version,
    requires: Callable[[str], list[str] | None] = metadata.requires,
) -> Diagnosis:
    """Return whether torchvision is the one that was built for this torch."""
    versions = {name: installed(name) for name in ("torch", "torchvision")}
    if missing := [name for name, version in versions.items() if version is None]:
        return Diagnosis(PROBLEM, "torch", f"{' and '.join(missing)} missing", INSTALL)
    torch = str(versions["torch"])
    said = f"torch {torch}, torchvision {versions['torchvision']}"
    for requirement in map(Requirement, requires("torchvision") or []):
        if requirement.name == "torch" and not requirement.specifier.contains(
            torch, prereleases=True
        ):
            text = f"{said}: no pair, torchvision is built for torch{requirement.specifier}"
            return Diagnosis(PROBLEM, "torch", text, INSTALL)
    return Diagnosis(OK, "torch", said)


def _project(checkout: Path) -> dict[str, Any]:
    text = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]


def _locked(lock: Path) -> list[tuple[str, str]]:
    """Return the packages that are locked for this system, and their versions."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line.strip()]
    return [
        (canonicalize_name(requirement.name), str(requirement.specifier).removeprefix("=="))
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate()
    ]


def _some(names: list[str], said: str) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{said}: {', '.join(names[:NAMED])}{more}"
