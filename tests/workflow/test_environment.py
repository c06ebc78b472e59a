"""The environment: one place for versions, and a pair of torch and torchvision that work."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def locked() -> list[Requirement]:
    return [Requirement(line) for line in (ROOT / "requirements.lock").read_text().splitlines()]


def declared() -> list[Requirement]:
    """Return what the environment needs; the group of clusters is installed beside it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    del project["optional-dependencies"]["slurm"]
    return [Requirement(text) for text in project["dependencies"] + extras(project)]


def extras(project: dict) -> list[str]:
    groups = project["optional-dependencies"]
    # What benchmarks compare with is no part of the environment.
    return [text for name, group in groups.items() if name != "peers" for text in group]


def test_every_locked_version_is_exact():
    for requirement in locked():
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement


def test_the_lock_names_no_index():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text and "--" not in text


def test_the_lock_satisfies_the_project():
    pins = {}
    for requirement in locked():
        pin = str(requirement.specifier).removeprefix("==")
        pins.setdefault(requirement.name.lower(), []).append(pin)
    for requirement in declared():
        assert requirement.name.lower() in pins, f"{requirement}: run `make lock`"
        for pin in pins[requirement.name.lower()]:
            assert requirement.specifier.contains(pin), f"{requirement}: run `make lock`"


def test_what_is_installed_is_what_is_locked():
    for requirement in locked():
        if requirement.marker is None or requirement.marker.evaluate():
            pin = str(requirement.specifier).removeprefix("==")
            assert version(requirement.name).split("+")[0] == pin, requirement


def test_conda_users_get_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    # Nothing that is locked has a second version here: conda brings Python, pip the lock.
    assert [re.split(r"[<>=]", package)[0] for package in conda] == ["python", "pip"]
    assert pip == {"pip": ["-r requirements.lock", "-e ."]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert conda[0] == f"python{project['requires-python']}"


def test_torch_and_torchvision_work_together():
    import torch
    from torchvision.ops import nms

    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9], [5.0, 5.0, 6.0, 6.0]])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
