"""The cache of a folder's images: made once, valid by content, never half of one."""

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.image_folders import SIZE, described, make_folder, picture, save, settle

from mnbench.datasets.folders import cache
from mnbench.datasets.folders.cache import CACHE, look_at, read_folder, summary_of
from mnbench.errors import UserError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def decodings(monkeypatch) -> list[bytes]:
    """Collect what is decoded."""
    seen: list[bytes] = []
    decode = cache.decode

    def counted(content, description):
        seen.append(content)
        return decode(content, description)

    monkeypatch.setattr(cache, "decode", counted)
    return seen


@pytest.fixture
def readings(monkeypatch) -> list[str]:
    """Collect the names of the files that are read."""
    seen: list[str] = []
    read = cache.read_content

    def counted(description, listing):
        seen.extend(file.path for file in listing.files)
        return read(description, listing)

    monkeypatch.setattr(cache, "read_content", counted)
    return seen


def refusal(action) -> str:
    with pytest.raises(UserError) as error:
        action()
    return str(error.value)


def files_of(root: Path, part: str) -> list[Path]:
    return sorted((root / part).rglob("*.png"))


def test_the_images_are_those_of_the_files_in_order(tmp_path):
    root = make_folder(tmp_path / "pets")
    description = described(Path("pets"))  # relative to the working directory
    note = look_at(description)
    assert note.classes == ("cat", "dog")
    assert note.train_counts == note.test_counts == (6, 6)
    for part in ("train", "test"):
        images = read_folder(description, part, note.identity)
        wanted = [np.asarray(Image.open(file)).transpose(2, 0, 1) for file in files_of(root, part)]
        np.testing.assert_array_equal(images.images, np.stack(wanted))
        assert images.labels.dtype == np.int64 and images.labels.tolist() == [0] * 6 + [1] * 6


def test_a_fraction_gives_both_parts_and_all_images(tmp_path):
    root = make_folder(tmp_path / "pets", parts=("",), each=10)
    description = described(root, test=0.3)
    note = look_at(description)
    assert (note.train_counts, note.test_counts) == ((7, 7), (3, 3))
    parts = [read_folder(description, part, note.identity).images for part in ("train", "test")]
    together = {image.tobytes() for part in parts for image in part}
    assert len(together) == 20


def test_a_second_look_reads_no_file(tmp_path, decodings, readings, capsys):
    description = described(make_folder(tmp_path / "pets"))
    first = look_at(description)
    assert len(decodings) == len(readings) == 24
    assert "reading the 24 images of 'pets'" in capsys.readouterr().err
    assert look_at(description) == first
    read_folder(description, "train", first.identity)
    assert len(decodings) == len(readings) == 24 and capsys.readouterr().err == ""


def test_other_times_are_a_reason_to_read_and_the_same_bytes_none_to_decode(
    tmp_path, decodings, readings
):
    root = make_folder(tmp_path / "pets")
    first = look_at(described(root))
    settle(root / "train/cat/0000.png", 1_500_000_000)
    second = look_at(described(root))
    assert (len(decodings), len(readings)) == (24, 48)
    assert second.identity == first.identity and second.fingerprint != first.fingerprint
    look_at(described(root))
    assert len(readings) == 48


def test_a_changed_file_is_noticed_and_its_image_is_another_one(tmp_path):
    root = make_folder(tmp_path / "pets")
    before = look_at(described(root))
    settle(save(root / "train/cat/0000.png", picture(500)), 1_500_000_000)
    after = look_at(described(root))
    assert after.identity != before.identity
    images = read_folder(described(root), "train", after.identity)
    np.testing.assert_array_equal(images.images[0], np.asarray(picture(500)).transpose(2, 0, 1))
    said = refusal(lambda: read_folder(described(root), "train", before.identity))
    assert "has changed since the study was planned; run snakemake again" in said


def test_files_changed_just_now_are_not_relied_on(tmp_path, readings):
    root = make_folder(tmp_path / "pets")
    os.utime(root / "train/cat/0000.png", (time.time(), time.time()))
    assert look_at(described(root)).fingerprint == ""
    look_at(described(root))
    assert len(readings) == 48


def test_a_cache_of_another_machine_is_valid_by_content(tmp_path, monkeypatch, decodings):
    monkeypatch.chdir(tmp_path)
    root = make_folder(tmp_path / "pets")
    note = look_at(described(Path("pets")))
    other = tmp_path / "other machine"
    shutil.copytree(CACHE, other / CACHE)
    shutil.copytree(root, other / "pets")  # with times of its own
    for file in (other / "pets").rglob("*.png"):
        settle(file, 1_400_000_000)
    monkeypatch.chdir(other)
    description = described(Path("pets"))
    assert look_at(description).identity == note.identity
    assert len(read_folder(description, "test", note.identity)) == 12
    assert len(decodings) == 24


DAMAGES = ["altered", "truncated", "missing", "note", "other", "kinds", "counts", "classes"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_again(tmp_path, damage, decodings):
    description = described(make_folder(tmp_path / "pets"))
    note = look_at(description)
    wanted = read_folder(description, "train", note.identity)
    (folder,) = CACHE.iterdir()
    images, text = folder / "images.npz", folder / "note.json"
    content = images.read_bytes()
    if damage == "altered":
        images.write_bytes(content[:-300] + bytes([content[-300] ^ 1]) + content[-299:])
    elif damage == "truncated":
        images.write_bytes(content[:-1])
    elif damage == "missing":
        images.unlink()
    elif damage == "note":
        text.write_text(text.read_text()[:-9])
    else:
        changes = {
            "other": {"format": 0},
            "kinds": {"train_counts": ["many"]},
            "counts": {"train_counts": [7, 7], "test_counts": [5, 5]},  # test images to train on
            "classes": {"classes": ["cat", "dog", "eel"]},
        }[damage]
        text.write_text(json.dumps(json.loads(text.read_text()) | changes))
    again = read_folder(description, "train", note.identity)
    np.testing.assert_array_equal(again.images, wanted.images)
    assert len(decodings) == 48 and look_at(description) == note


@pytest.mark.parametrize("name", ["images.npz", "note.json", "lock"])
@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_stands_in_the_place_of_a_file_makes_way(tmp_path, name, kind):
    description = described(make_folder(tmp_path / "pets"))
    note = look_at(description)
    (folder,) = CACHE.iterdir()
    (folder / name).unlink(missing_ok=True)
    if kind == "folder":
        (folder / name).mkdir()
    elif kind == "link":
        (tmp_path / "elsewhere").write_text("another's")
        (folder / name).symlink_to(tmp_path / "elsewhere")
    else:
        os.mkfifo(folder / name)
    assert read_folder(description, "test", note.identity).images.shape[0] == note.test_images
    if kind == "link":
        assert (tmp_path / "elsewhere").read_text() == "another's"


def test_a_file_in_the_place_of_all_caches_is_named(tmp_path):
    CACHE.parent.mkdir(exist_ok=True)
    CACHE.write_text("")
    with pytest.raises(UserError, match="cache: is no folder; remove it"):
        look_at(described(make_folder(tmp_path / "pets")))


def test_two_folders_of_one_name_do_not_displace_each_other(tmp_path, decodings):
    roots = [make_folder(tmp_path / where / "pets") for where in ("here", "there")]
    for _ in range(2):
        for root in roots:
            look_at(described(root))
    assert len(decodings) == 48


def test_what_another_process_puts_there_while_it_is_read_is_not_taken(tmp_path, monkeypatch):
    description = described(make_folder(tmp_path / "pets"))
    note = look_at(description)
    wanted = read_folder(description, "train", note.identity)
    (folder,) = CACHE.iterdir()
    turns, read_arrays = [], cache.read_arrays

    def displaced(file, **kinds):
        if not turns:  # between the first look and the first reading
            np.savez(folder / "images.npz", images=wanted.images[::-1], labels=wanted.labels)
        turns.append(file)
        return read_arrays(file, **kinds)

    monkeypatch.setattr(cache, "read_arrays", displaced)
    again = read_folder(description, "train", note.identity)
    np.testing.assert_array_equal(again.images, wanted.images)
    assert len(turns) == 2


def test_studies_of_other_keys_keep_caches_of_their_own(tmp_path, decodings):
    root = make_folder(tmp_path / "pets")
    for keys in ({}, {"channels": "grey"}, {}, {"channels": "grey"}):
        look_at(described(root, **keys))
    assert len(decodings) == 48


def test_every_bad_file_is_counted_and_the_first_are_named(tmp_path):
    root = make_folder(tmp_path / "pets", suffix=".jpg", size=32)
    for number in range(5):
        file = root / f"train/dog/000{number}.jpg"
        file.write_bytes(file.read_bytes()[: 500 + number])
    (root / "test/cat/0000.jpg").write_text("no image")
    said = refusal(lambda: look_at(described(root, image_size=32)))
    assert "6 of 24 files are refused: train/dog/0000.jpg: is damaged" in said
    assert said.endswith("and 3 more; mend or remove them")
    assert not list(CACHE.rglob("images.npz")) and not list(CACHE.rglob("note.json"))


def test_images_of_other_sizes_are_counted_and_the_first_is_named(tmp_path):
    root = make_folder(tmp_path / "pets")
    for number in (3, 5):
        save(root / f"train/dog/000{number}.png", picture(400 + number, (10, 12)))
    said = refusal(lambda: look_at(described(root)))
    assert "key 'image_size': " in said
    assert "2 of 24 images are not of 8 x 8 pixels: train/dog/0003.png has 12 x 10 pixels" in said
    note = look_at(described(root, resize=True))
    assert note.converted == {"scaled": 2} and summary_of(note) == ["scaled: 2 images"]


def test_too_many_images_for_the_memory_are_refused(tmp_path, monkeypatch):
    class Memory:
        available = 2 * 24 * 3 * SIZE * SIZE - 1

    monkeypatch.setattr("psutil.virtual_memory", lambda: Memory)
    said = refusal(lambda: look_at(described(make_folder(tmp_path / "pets"))))
    assert "24 images of 8 pixels take 0.0 GB of memory" in said


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    root = make_folder(tmp_path / "pets")
    Path("results").write_text("a file")
    assert "cannot be written" in refusal(lambda: look_at(described(root)))


def test_what_a_killed_process_left_is_removed(tmp_path):
    description = described(make_folder(tmp_path / "pets"))
    look_at(description)
    (folder,) = CACHE.iterdir()
    (folder / "note.json").unlink()
    (folder / ".images.12345.unfinished.npz").write_bytes(b"half of it")
    look_at(description)
    assert sorted(file.name for file in folder.iterdir()) == ["images.npz", "note.json"]
