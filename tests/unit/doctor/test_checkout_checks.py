"""The doctor on the checkout: its package, its commit, its data and its folders."""

import subprocess
from pathlib import Path

import pytest

from mnbench.datasets.downloaded import SOURCES
from mnbench.doctor import checkout_checks
from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK

ROOT = Path(__file__).parents[3]


def test_the_package_is_the_checkouts_own_or_a_problem(tmp_path):
    assert checkout_checks.check_package(ROOT).kind == OK
    other = checkout_checks.check_package(tmp_path)
    assert other.kind == PROBLEM and f"pip install --no-deps -e {tmp_path}" in other.remedy


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_changed_checkout_is_noted(tmp_path):
    assert checkout_checks.check_git(tmp_path).text == "no commit can be told"
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("1", encoding="utf-8")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-qm", "one")
    assert checkout_checks.check_git(tmp_path).kind == OK
    (tmp_path / "file").write_text("2", encoding="utf-8")
    changed = checkout_checks.check_git(tmp_path)
    assert changed.kind == REMARK and changed.text.startswith("1 file differ")


def test_without_git_the_commit_is_not_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    diagnosis = checkout_checks.check_git(ROOT)
    assert (diagnosis.kind, diagnosis.text) == (REMARK, "git is missing")


def test_another_snakemake_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout_checks.check_snakemake().kind == REMARK


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path):
    assert checkout_checks.check_folders(tmp_path).kind == OK
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    diagnosis = checkout_checks.check_folders(tmp_path)
    assert diagnosis.kind == PROBLEM and f"'{tmp_path / 'results'}' is no folder" in diagnosis.text


def test_the_bundled_images_are_those_that_were_published(tmp_path, monkeypatch):
    (whole,) = checkout_checks.check_bundled_data()
    assert (whole.kind, whole.text) == (OK, "fashion_mnist: 70,000 images, as published")
    monkeypatch.setattr("mnbench.datasets.bundled.folder_of", lambda _: tmp_path)
    (missing,) = checkout_checks.check_bundled_data()
    assert missing.kind == PROBLEM and "git checkout" in missing.text


def test_a_data_set_that_is_not_there_says_where_it_would_come_from(tmp_path):
    for name in SOURCES["svhn"].files:
        (tmp_path / name).touch()
    found = {diagnosis.text.split(":")[0]: diagnosis for diagnosis in _downloads(tmp_path)}
    assert found["svhn"].kind == OK
    assert found["cifar10"].kind == REMARK
    assert SOURCES["cifar10"].address in found["cifar10"].remedy


def _downloads(root: Path) -> list:
    return checkout_checks.check_downloads(root)


@pytest.mark.parametrize("name", checkout_checks.WRITTEN)
def test_every_folder_that_a_run_writes_is_looked_at(tmp_path, name):
    (tmp_path / name).touch()
    assert checkout_checks.check_folders(tmp_path).kind == PROBLEM
