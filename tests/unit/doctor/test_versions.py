"""The doctor on versions: what is missing, unfit or unpaired is named, with its remedy."""

from pathlib import Path

import pytest

from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK
from mnbench.doctor.versions import check_packages, check_pair, check_python

PROJECT = """
[project]
requires-python = ">=3.11"
dependencies = ["torch==2.0.1", "snakemake>=9.10,<10"]
"""
LOCK = """snakemake==9.27.0
torch==2.0.1
nose==1.0 ; python_version < '3'
PyYAML==6.0
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "requirements.lock").write_text(LOCK, encoding="utf-8")
    return tmp_path


def packages(checkout: Path, **versions: str | None) -> list[tuple[str, str]]:
    known = {"snakemake": "9.27.0", "torch": "2.0.1", "pyyaml": "6.0"} | versions
    return [(diagnosis.kind, diagnosis.text) for diagnosis in check_packages(checkout, known.get)]


def test_the_environment_of_the_lock_is_fine(checkout):
    assert packages(checkout) == [(OK, "as in requirements.lock")]


def test_an_old_python_is_a_problem(checkout):
    assert check_python(checkout, (3, 11, 2)).kind == OK
    old = check_python(checkout, (3, 10, 9))
    assert (old.kind, old.text) == (PROBLEM, "3.10.9, but >=3.11 is needed")


def test_a_needed_package_that_is_missing_or_unfit_is_a_problem(checkout):
    assert packages(checkout, snakemake=None) == [(PROBLEM, "cannot do with: snakemake is missing")]
    ((kind, text),) = packages(checkout, snakemake="8.1")
    assert kind == PROBLEM and "snakemake 8.1, but <10,>=9.10 is needed" in text


def test_another_version_and_another_missing_package_are_notes(checkout):
    assert packages(checkout, snakemake="9.20.0", pyyaml=None) == [
        (REMARK, "of tests, documentation or other packages: pyyaml is missing"),
        (REMARK, "other than in requirements.lock: snakemake 9.20.0 instead of 9.27.0"),
    ]


@pytest.mark.parametrize(
    ("torch", "vision", "kind"),
    [("2.0.1", "0.15.2", OK), ("2.1.0", "0.15.2", PROBLEM), (None, "0.15.2", PROBLEM)],
)
def test_torch_and_torchvision_are_a_pair_or_a_problem(torch, vision, kind):
    versions = {"torch": torch, "torchvision": vision}
    requires = {"torchvision": ["numpy", "torch (==2.0.1)", "scipy ; extra == 'scipy'"]}
    diagnosis = check_pair(versions.get, requires.get)
    assert diagnosis.kind == kind
    assert bool(diagnosis.remedy) == (kind == PROBLEM)
