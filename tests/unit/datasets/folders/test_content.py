"""What the bytes of a folder's files decide: the test images, and which files are mislabelled."""

import shutil

import numpy as np
import pytest
from support.image_folders import described, make_folder, picture, save

from mnbench.datasets.folders.content import read_content
from mnbench.datasets.folders.listing import list_images
from mnbench.errors import UserError


def content_of(root, **keys):
    description = described(root, **keys)
    return read_content(description, list_images(description))


def refusal(root, **keys) -> str:
    with pytest.raises(UserError) as error:
        content_of(root, **keys)
    return str(error.value)


def chosen_to_test(root, **keys) -> set[bytes]:
    """Return the bytes of the files that are for testing."""
    description = described(root, **keys)
    listing = list_images(description)
    test = read_content(description, listing).test
    files = [file for file, chosen in zip(listing.files, test, strict=True) if chosen]
    return {(root / file.path).read_bytes() for file in files}


def test_parts_of_the_folder_are_kept(tmp_path):
    assert content_of(make_folder(tmp_path)).test.tolist() == [False] * 12 + [True] * 12


def test_a_fraction_takes_its_share_of_each_class(tmp_path):
    make_folder(tmp_path, parts=("",), each=10)
    for number in range(20):
        save(tmp_path / f"dog/more{number}.png", picture(1000 + number))
    listing = list_images(described(tmp_path, test=0.2))
    test = content_of(tmp_path, test=0.2).test
    assert np.bincount(np.array(listing.labels)[test]).tolist() == [2, 6]


def test_a_fraction_is_drawn_by_content_and_not_by_names(tmp_path):
    first = make_folder(tmp_path / "first", parts=("",), each=20)
    second = tmp_path / "second"
    for name in ("cat", "dog"):
        (second / name).mkdir(parents=True)
        for number, file in enumerate(sorted((first / name).iterdir(), reverse=True)):
            shutil.copy(file, second / name / f"renamed-{number:03}.png")
    assert chosen_to_test(first, test=0.3) == chosen_to_test(second, test=0.3)
    assert len(chosen_to_test(first, test=0.3)) == 12
    save(second / "cat/one-more.png", picture(5000))
    assert len(chosen_to_test(first, test=0.3) & chosen_to_test(second, test=0.3)) >= 11


def test_files_of_the_same_bytes_are_not_divided(tmp_path):
    make_folder(tmp_path, parts=("",), each=2)
    for name in ("cat", "dog"):
        for copy in range(6):
            shutil.copy(tmp_path / name / "0000.png", tmp_path / name / f"copy{copy}.png")
    for fraction in (0.2, 0.4, 0.8):
        description = described(tmp_path, test=fraction)
        listing = list_images(description)
        content = read_content(description, listing)
        digests = np.array(content.digests)
        assert not set(digests[content.test]) & set(digests[~content.test])


def test_a_class_too_small_to_be_divided_is_named(tmp_path):
    make_folder(tmp_path, parts=("",), each=50)
    save(tmp_path / "rare/a.png", picture(900))
    said = refusal(tmp_path, test=0.2)
    assert "key 'test': 0.2 leaves the class 'rare' of 1 different images none to test on" in said


def test_the_same_image_in_two_classes_is_named(tmp_path):
    make_folder(tmp_path)
    shutil.copy(tmp_path / "train/cat/0001.png", tmp_path / "train/dog/wrong.png")
    said = refusal(tmp_path)
    assert "1 of 25 files are mislabelled: train/cat/0001.png and train/dog/wrong.png are the same "
    assert "train/cat/0001.png and train/dog/wrong.png are the same image in two classes" in said


def test_the_same_image_to_train_and_to_test_on_is_named(tmp_path):
    make_folder(tmp_path)
    for number in range(5):
        shutil.copy(tmp_path / f"train/cat/000{number}.png", tmp_path / f"test/cat/x{number}.png")
    said = refusal(tmp_path)
    assert "5 of 29 files are mislabelled: train/cat/0000.png and test/cat/x0.png are" in said
    assert "; and 2 more; remove one of each two" in said


def test_the_same_image_twice_in_a_class_is_allowed(tmp_path):
    make_folder(tmp_path)
    shutil.copy(tmp_path / "train/cat/0001.png", tmp_path / "train/cat/again.png")
    assert len(content_of(tmp_path).digests) == 25


def test_the_identity_is_of_files_and_keys_and_not_of_places(tmp_path):
    first = make_folder(tmp_path / "first")
    shutil.copytree(first, tmp_path / "second")
    identity = content_of(first).identity
    assert content_of(tmp_path / "second", title="Pets", name="others").identity == identity
    changed = [content_of(first, **key).identity for key in ({"resize": True}, {"image_size": 9})]
    save(tmp_path / "second/train/cat/0000.png", picture(777))
    changed.append(content_of(tmp_path / "second").identity)
    (first / "train/cat/0000.png").rename(first / "train/cat/9999.png")
    changed.append(content_of(first).identity)
    assert len({identity, *changed}) == 5
