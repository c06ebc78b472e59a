"""Where approaches are found: in the checkout around the working directory, or the package's."""

from pathlib import Path

import pytest
from support.tiny import APPROACHES

import mnbench
from mnbench.checkout import find_approaches, find_checkout, import_approach
from mnbench.errors import UserError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def without_a_search_path(monkeypatch):
    """A checkout that the tester names in PYTHONPATH would come before any other."""
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_a_folder_inside_the_checkout_finds_it(monkeypatch):
    monkeypatch.chdir(ROOT / "workflow" / "rules")
    assert find_checkout() == ROOT


def test_elsewhere_the_checkout_around_the_package_is_found(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find_checkout() == Path(mnbench.__file__).resolve().parents[1]


def test_the_checkout_around_the_working_directory_comes_first(monkeypatch, tmp_path):
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    assert find_checkout() == tmp_path


def test_without_a_checkout_the_error_says_where_to_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mnbench, "__file__", str(tmp_path / "site-packages/mnbench/__init__.py"))
    with pytest.raises(UserError, match="run this in a checkout of mnbench"):
        find_checkout()


def test_all_approaches_are_found(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert find_approaches() == APPROACHES


def test_an_approach_that_is_not_there_is_named(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(UserError, match="has no approach 'boosting', no file boosting"):
        import_approach("boosting")
