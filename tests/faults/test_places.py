"""Places that fail a study: full disks, read-only folders, no room for temporary files, no memory.

The workflow runs until the fault ends it, or is removed while it runs; then it runs once more
without the fault, and all must be as if nothing had happened.
"""

import os
import random
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.fault_study import (
    SAID,
    TABLES,
    assert_as_if_nothing_had_happened,
    begin,
    finish,
    finished,
    lay_out,
    plan_of,
    processes_in,
    wait_for_end,
)
from support.snakemake_runs import command

from mnbench.records.paths import StudyPaths

pytestmark = pytest.mark.long

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
MEGABYTE = 1 << 20


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have a small disk at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "t", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def run(folder: Path, limit: Callable[[], None] | None = None, **more: str) -> str:
    """Run the README's command as a fault lets it, and return what it said."""
    done = subprocess.run(
        command(TABLES),
        cwd=folder,
        env=os.environ | more,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=900,
    )
    wait_for_end(processes_in(folder))
    return done.stderr


def copy_of(study: StudyPaths, folder: Path, trained: int) -> StudyPaths:
    """Return a study of which only some trainings are there, in an order that a seed decides."""
    shutil.copytree(study.root.parents[1], folder, dirs_exist_ok=True)
    paths = StudyPaths(folder / "results/tiny")
    ids = sorted(plan_of(study).trainings)
    random.Random(trained).shuffle(ids)
    for id in ids[trained:]:
        shutil.rmtree(paths.record(id))
    for table in paths.root.glob("*.csv"):
        table.unlink()
    return paths


@needs_root
@pytest.mark.parametrize("room", [1, 2, 4, 6])
def test_a_disk_that_fills_up(tmp_path, reference, injected, room):
    """The disk has room for the study's need when it is checked, and something else fills it."""
    place = tmp_path / "place"
    with disk(place, 400):
        paths = copy_of(reference, place, 20)
        process = begin(place, TABLES)
        while process.poll() is None and not list((paths.root / "checkpoints").rglob("*.begun")):
            time.sleep(0.05)
        free = shutil.disk_usage(place).free
        ballast = place / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            file.write(bytes(max(free - room * MEGABYTE, 0)))
        injected("a full disk", f"{room} MB left")
        process.wait(timeout=900)
        wait_for_end(processes_in(place))
        said = (place / SAID).read_text(encoding="utf-8", errors="replace")
        ballast.unlink()
        assert "Traceback" not in said, said
        finish(place, TABLES)
        assert_as_if_nothing_had_happened(paths, reference)


@needs_root
@pytest.mark.parametrize("room", [1, 20, 100])
def test_a_disk_too_small_from_the_start(tmp_path, reference, injected, room):
    place = tmp_path / "place"
    paths = lay_out(place)
    with disk(place / "results", room):
        said = run(place)
        injected("a disk too small", f"{room} MB")
        assert "Traceback" not in said, said
        assert f"{paths.root.parent}" in said or "results" in said
        assert not finished(paths, plan_of(reference))
    finish(place, TABLES)
    assert_as_if_nothing_had_happened(paths, reference)


@needs_root
@pytest.mark.parametrize("what", ["results", "results/tiny/records", "results/tiny/checkpoints"])
def test_a_folder_that_turns_read_only(tmp_path, reference, injected, what):
    place = tmp_path / "place"
    with disk(place, 400):
        paths = copy_of(reference, place, 20)
        (place / what).mkdir(parents=True, exist_ok=True)
        before = finished(paths, plan_of(reference))
        subprocess.run(["mount", "--bind", place / what, place / what], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", place / what], check=True)
        try:
            said = run(place)
        finally:
            subprocess.run(["umount", "--lazy", place / what], check=True)
        injected("a read-only folder", what)
        assert "Traceback" not in said, said
        finish(place, TABLES)
        after = finished(paths, plan_of(reference))
        assert {id: after[id] for id in before} == before
        assert_as_if_nothing_had_happened(paths, reference)


@pytest.mark.parametrize(
    "what", ["results", "results/tiny/records", "results/tiny/data", "logs", ".snakemake"]
)
def test_a_folder_deleted_while_the_study_runs(tmp_path, reference, injected, what):
    paths = copy_of(reference, tmp_path, 20)
    process = begin(tmp_path, TABLES)
    while process.poll() is None and not list((paths.root / "checkpoints").rglob("*.begun")):
        time.sleep(0.05)
    shutil.rmtree(tmp_path / what, ignore_errors=True)
    injected("a folder deleted during a run", what)
    process.wait(timeout=900)
    wait_for_end(processes_in(tmp_path))
    finish(tmp_path, TABLES)
    assert_as_if_nothing_had_happened(paths, reference)


@pytest.mark.parametrize("how", ["missing", "a file", "of a long name"])
def test_a_folder_for_temporary_files_that_is_none(tmp_path, reference, injected, how):
    place = tmp_path / "place"
    paths = copy_of(reference, place, 22)
    folder = tmp_path / ("t" * 120 if "long" in how else "temporary")
    if how == "a file":
        folder.touch()
    elif "long" in how:
        folder.mkdir()
    said = run(place, TMPDIR=str(folder))
    injected("TMPDIR", how)
    assert "Traceback" not in said, said
    finish(place, TABLES)
    assert_as_if_nothing_had_happened(paths, reference)


@needs_root
@pytest.mark.parametrize("room", [1, 4])
def test_a_full_folder_for_temporary_files(tmp_path, reference, injected, room):
    place, small = tmp_path / "place", tmp_path / "small"
    paths = copy_of(reference, place, 22)
    with disk(small, room):
        with suppress(OSError), (small / "ballast").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        said = run(place, TMPDIR=str(small))
        injected("TMPDIR", f"full, {room} MB")
    assert "Traceback" not in said, said
    finish(place, TABLES)
    assert_as_if_nothing_had_happened(paths, reference)


LIMITS = {
    "500 MB of memory": (resource.RLIMIT_AS, 500 * MEGABYTE),
    "1500 MB of memory": (resource.RLIMIT_AS, 1500 * MEGABYTE),
    "3000 MB of memory": (resource.RLIMIT_AS, 3000 * MEGABYTE),
    "files of 10 KB": (resource.RLIMIT_FSIZE, 10_000),
    "files of 500 KB": (resource.RLIMIT_FSIZE, 500_000),
    "20 open files": (resource.RLIMIT_NOFILE, 20),
    "60 open files": (resource.RLIMIT_NOFILE, 60),
    "3 seconds of a processor": (resource.RLIMIT_CPU, 3),
    "8 seconds of a processor": (resource.RLIMIT_CPU, 8),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_too_little_of_what_the_system_gives(tmp_path, reference, injected, limit):
    """What is said is the system's matter, and Python's; what stays on the disk is ours."""
    paths = copy_of(reference, tmp_path, 22)
    plan = plan_of(reference)
    before = finished(paths, plan)
    what, most = LIMITS[limit]
    run(tmp_path, lambda: resource.setrlimit(what, (most, most)))
    injected("a limit of the system", limit)
    finish(tmp_path, TABLES)
    after = finished(paths, plan)
    assert {id: after[id] for id in before} == before
    assert_as_if_nothing_had_happened(paths, reference)
