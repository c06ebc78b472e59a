"""Which files of a folder are images, in which order, and what is refused by name."""

import os

import pytest
from support.image_folders import described, make_folder, picture, save

from mnbench.datasets.folders.listing import list_images
from mnbench.errors import UserError


def refusal(root, **keys) -> str:
    with pytest.raises(UserError) as error:
        list_images(described(root, **keys))
    text = str(error.value)
    assert text.startswith("key 'datasets': 'pets', key '") and "\n" not in text
    return text


def test_files_come_part_by_part_class_by_class_and_by_name(tmp_path):
    listing = list_images(described(make_folder(tmp_path, ("dog", "cat"), each=2)))
    assert listing.classes == ("cat", "dog")
    assert [file.path for file in listing.files] == [
        *("train/cat/0000.png", "train/cat/0001.png", "train/dog/0000.png", "train/dog/0001.png"),
        *("test/cat/0000.png", "test/cat/0001.png", "test/dog/0000.png", "test/dog/0001.png"),
    ]
    assert listing.labels == [0, 0, 1, 1, 0, 0, 1, 1]


def test_the_order_is_not_the_file_systems(tmp_path, monkeypatch):
    make_folder(tmp_path)
    before = list_images(described(tmp_path))
    scan = os.scandir

    class Backwards:
        def __init__(self, folder):
            self.entries = list(scan(folder))[::-1]

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert list_images(described(tmp_path)) == before


def test_uppercase_suffixes_and_nested_folders_count_hidden_files_and_notes_do_not(tmp_path):
    make_folder(tmp_path, each=1)
    save(tmp_path / "train/cat/more/even more/B.PNG", picture(90))
    save(tmp_path / "train/cat/photo.JPeG", picture(91))
    save(tmp_path / "train/cat/.hidden.png", picture(92))
    save(tmp_path / "train/.thumbnails/x.png", picture(93))
    (tmp_path / "train/cat/notes.txt").write_text("a cat")
    (tmp_path / "train/Thumbs.db").write_bytes(b"0")
    listing = list_images(described(tmp_path))
    assert [file.path for file in listing.files if file.class_name == "cat" and not file.test] == [
        *("train/cat/0000.png", "train/cat/more/even more/B.PNG", "train/cat/photo.JPeG"),
    ]
    assert sorted(listing.left_out) == ["train/Thumbs.db", "train/cat/notes.txt"]


def test_links_are_followed_also_out_of_the_folder(tmp_path):
    elsewhere = make_folder(tmp_path / "elsewhere", each=3)
    root = tmp_path / "root"
    (root / "train").mkdir(parents=True)
    (root / "train/cat").mkdir()
    (root / "train/cat/a.png").symlink_to(elsewhere / "train/cat/0001.png")
    (root / "train/dog").symlink_to(elsewhere / "train/dog")
    (root / "test").symlink_to(elsewhere / "test")
    listing = list_images(described(root))
    assert len(listing.files) == 1 + 3 + 6
    assert listing.files[0].path == "train/cat/a.png" and listing.files[0].size > 0


def test_a_link_to_nowhere_and_one_in_a_circle_are_named(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "train/cat/gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "train/cat/round").symlink_to(tmp_path / "train/cat")
    said = refusal(tmp_path)
    assert "train/cat/gone.png: cannot be read (No such file or directory)" in said
    assert "train/cat/round: is a link to a folder that it lies in" in said


def test_empty_files_and_classes_are_named_and_counted(tmp_path):
    make_folder(tmp_path)
    for number in range(4):
        (tmp_path / f"train/cat/empty{number}.jpg").touch()
    (tmp_path / "train/bird").mkdir()
    (tmp_path / "test/bird").mkdir()
    said = refusal(tmp_path)
    assert "train/bird: has no images; train/cat/empty0.jpg: is empty; train/cat/empty1" in said
    assert said.endswith("; and 3 more; mend or remove them")


def test_a_class_of_one_part_only_is_named(tmp_path):
    make_folder(tmp_path)
    save(tmp_path / "train/bird/a.png", picture(99))
    save(tmp_path / "test/horse/a.png", picture(98))
    said = refusal(tmp_path)
    assert "train/bird: is a class that test/ does not have" in said
    assert "test/horse: is a class that train/ does not have" in said


def test_an_image_beside_the_classes_is_named(tmp_path):
    make_folder(tmp_path)
    save(tmp_path / "train/stray.png", picture(99))
    assert "train/stray.png: is in no class's folder; mend or remove it" in refusal(tmp_path)


def test_images_of_a_format_that_is_not_read_are_named(tmp_path):
    make_folder(tmp_path)
    save(tmp_path / "train/cat/moving.GIF", picture(99))
    assert "train/cat/moving.GIF: is of a format that is not read" in refusal(tmp_path)


def test_a_folder_that_is_not_there_or_no_folder_is_named(tmp_path):
    assert f"key 'folder': {tmp_path}/no: no such folder" in refusal(tmp_path / "no")
    (tmp_path / "file").touch()
    assert f"{tmp_path}/file: is no folder" in refusal(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert "has no folder 'train' (it has no folder); give the name" in refusal(tmp_path / "empty")
    assert "has no folder of a class" in refusal(tmp_path / "empty", test=0.2)
    assert "cannot be read" in refusal(tmp_path / ("a" * 300))


def test_one_class_is_none(tmp_path):
    make_folder(tmp_path, ("cat",))
    assert "has one class, cat; make a folder for each of two" in refusal(tmp_path)


def test_a_part_of_another_name_and_a_fraction_are_told_apart(tmp_path):
    divided = make_folder(tmp_path / "divided", parts=("train", "val"))
    assert "has no folder 'test' (it has train, val)" in refusal(divided)
    assert len(list_images(described(divided, test="val")).files) == 24
    said = refusal(divided, test=0.2)
    assert f"or 'folder: {divided / 'train'}'" in said and "key 'test': 0.2 divides" in said
    classes = make_folder(tmp_path / "classes", parts=("",))
    assert "has no folder 'train' (it has cat, dog)" in refusal(classes)
    assert [file.test for file in list_images(described(classes, test=0.5)).files] == [False] * 12


def test_a_name_that_is_no_text_is_listed_and_hashed(tmp_path):
    make_folder(tmp_path)
    (tmp_path / "train/cat/0000.png").rename(tmp_path / "train/cat/\udcff.png")
    listing = list_images(described(tmp_path))
    assert len(listing.fingerprint) == 64
    assert "train/cat/\udcff.png" in [file.path for file in listing.files]


def test_a_class_whose_name_is_no_text_is_refused(tmp_path):
    make_folder(tmp_path, ("cat", "dog", "\udcff"))
    assert r"train/\udcff: has a name that is no text" in refusal(tmp_path)
