"""A data set's published files, however damaged, are read or refused in one line, file by file."""

import gzip
import hashlib
import io
import os
import shutil
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision.datasets
from hypothesis import strategies as st
from support.data_files import make_cifar, make_svhn
from support.fuzzing import Explorer, outcome, sizes
from support.hostile import damaged

from mnbench.datasets import bundled
from mnbench.datasets.bundled import IDX_FILES, check_bundled, load_bundled
from mnbench.datasets.downloaded import SOURCES, load_downloaded


def make_idx(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write six images and labels a part in idx files, and have their hashes expected."""
    root.mkdir()
    generator, tiny = np.random.default_rng(0), {}
    for name, idx in IDX_FILES.items():
        shape = (6, *idx.shape[1:])
        magic = bytes([0, 0, 8, len(shape)])
        values = generator.integers(0, 10, shape, dtype=np.uint8)
        content = magic + struct.pack(f">{len(shape)}I", *shape) + values.tobytes()
        (root / name).write_bytes(gzip.compress(content, mtime=0))
        tiny[name] = replace(idx, shape=shape, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(bundled, "IDX_FILES", tiny)


def bomb() -> bytes:
    """Return a megabyte of gzip that stands for a gigabyte."""
    return gzip.compress(bytes(10**6)) * 1000


def archive(member: tarfile.TarInfo) -> bytes:
    """Return a tar archive of one member that wants to leave the folder."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        member.size = 3 if member.isreg() else 0
        tar.addfile(member, io.BytesIO(b"out"))
    return file.getvalue()


def outside() -> list[bytes]:
    """Return archives whose members have other paths than a data set's."""
    members = [tarfile.TarInfo(name) for name in ("../out", "/tmp/mnbench-out", "a/../../out")]
    for kind, target in ((tarfile.SYMTYPE, "../.."), (tarfile.LNKTYPE, "/etc/passwd")):
        members.append(tarfile.TarInfo("cifar-10-batches-py"))
        members[-1].type, members[-1].linkname = kind, target
    return [archive(member) for member in members]


def make_all(root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[str], Any]]:
    """Write every data set, tiny, and return how to read a part of each by its folder's name."""
    root.mkdir()
    make_idx(root / "idx", monkeypatch)
    make_svhn(root / "svhn", monkeypatch)
    for reader in (torchvision.datasets.CIFAR10, torchvision.datasets.CIFAR100):
        make_cifar(root / reader.__name__.lower(), monkeypatch, reader)

    def of_idx(part: str) -> Any:
        check_bundled(root / "idx")
        return load_bundled(root / "idx", {"train": "train", "test": "t10k"}[part])

    def downloaded(name: str) -> Callable[[str], Any]:
        return lambda part: load_downloaded(SOURCES[name], part, root / name, False)

    return {"idx": of_idx} | {name: downloaded(name) for name in SOURCES}


def contents(files: dict[str, bytes], name: str) -> st.SearchStrategy[bytes | str]:
    """Draw what may stand in a file's place: bytes, or how :func:`put` makes something else."""
    others = [content for file, content in files.items() if file != name]
    return st.one_of(
        damaged(files[name]),
        damaged(files[name]),
        st.sampled_from([*others, bomb(), gzip.compress(files[name]), *outside()]),
        st.sampled_from(["nothing", "folder", "pipe", "loop", "/dev/zero", "../outside"]),
    )


def put(file: Path, content: bytes | str) -> None:
    """Put something in a file's place."""
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "folder":
        file.mkdir()
    elif content == "pipe":
        os.mkfifo(file)
    elif content != "nothing":
        file.symlink_to(file.name if content == "loop" else content)


@sizes(few=45, many=900)
def test_a_damaged_data_set_is_refused_in_one_line(
    cases: int, explore: Explorer, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    root = folder / "data"
    readers = make_all(root, monkeypatch)
    files = {
        name: {
            str(file.relative_to(root / name)): file.read_bytes()
            for file in sorted((root / name).rglob("*"))
            if file.is_file()
        }
        for name in readers
    }
    for name, read in readers.items():
        assert all(len(read(part)) > 0 for part in ("train", "test")), name

    def check(case: tuple[str, str, bytes | str]) -> None:
        name, damaged_file, content = case
        archive_damaged = damaged_file.endswith(".tar.gz")
        shutil.rmtree(root / name)
        for file, original in files[name].items():
            # What is whole in the archive would be unpacked again.
            if name in ("idx", "svhn") or file.endswith(".tar.gz") == archive_damaged:
                (root / name / file).parent.mkdir(parents=True, exist_ok=True)
                (root / name / file).write_bytes(original)
        (root / name / damaged_file).unlink()
        put(root / name / damaged_file, content)
        for part in ("train", "test"):
            result = outcome(lambda part=part: readers[name](part), root / name, folder.parent)
            assert (
                isinstance(result, str)
                or content == files[name][damaged_file]
                or (
                    name in ("idx", "svhn")  # whose parts are files of their own
                )
            )

    strategy = st.sampled_from(sorted(readers)).flatmap(
        lambda name: st.sampled_from(sorted(files[name])).flatmap(
            lambda file: st.tuples(st.just(name), st.just(file), contents(files[name], file))
        )
    )
    explore(cases, strategy, check)
