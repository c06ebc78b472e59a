"""The disk that a study takes is said before it begins."""

import shutil
from types import SimpleNamespace

import pytest

from mnbench.errors import UserError
from mnbench.planning.disk import (
    REST_OF_STUDY,
    check_disk,
    check_temporary_folder,
    needed_bytes,
)
from mnbench.planning.plan import read_plan

IMAGES = 70_000 * 28 * 28  # bytes of Fashion-MNIST's


def test_records_take_no_more_than_was_said_and_not_much_less(trained):
    plan = read_plan(trained.plan)
    written = sum(f.stat().st_size for f in trained.records.rglob("*") if f.is_file())
    said = needed_bytes(plan, plan.trainings, together=0) - REST_OF_STUDY - IMAGES
    test_images = 10_000 / 200  # as many more as the plan knows of
    assert written <= said <= test_images * written


def test_stored_images_are_counted(trained):
    plan = read_plan(trained.plan)
    (one,) = list(plan.trainings)[:1]
    assert needed_bytes(plan, [one], together=0) > REST_OF_STUDY + IMAGES


def test_nothing_to_train_needs_nothing(trained):
    assert needed_bytes(read_plan(trained.plan), [], together=2) == 0


def test_too_little_space_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_500_000_000))
    check_disk(tmp_path / "results/none-yet", 1_400_000_000)
    with pytest.raises(UserError, match=r"needs 2\.0 GB more, and 1\.5 GB are free; free space"):
        check_disk(tmp_path / "results/none-yet", 2_000_000_000)


def test_a_full_folder_for_temporary_files_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    check_temporary_folder()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1000))
    with pytest.raises(UserError, match=r"is full; free 16 MB there, or name another one"):
        check_temporary_folder()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    check_temporary_folder()  # then the system's own is used
