"""The two files: what they hold, and how they are written."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.data_files import NOWHERE, cut_in_half, empty, flip_byte, message

from mnbench.datasets import prepare, read_train
from mnbench.datasets.loading import load_test
from mnbench.datasets.prepared import check_prepared
from mnbench.datasets.test_set import read_evaluation_set
from mnbench.errors import UserError


def read_test(path: Path):
    return read_evaluation_set(path, "test")


def prepare_fashion(out: Path, train: int | None, validation: int) -> None:
    prepare(
        "fashion_mnist",
        root=NOWHERE,
        download=False,
        train_images=train,
        validation_images=validation,
        out=out,
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    out = tmp_path_factory.mktemp("prepared") / "made"
    prepare_fashion(out, 1203, 507)
    return out


def test_prepared_training_file_holds_the_split(prepared, fashion_train):
    data = read_train(prepared / "train.npz")
    assert (len(data.train), len(data.validation)) == (1203, 507)
    counts = np.bincount(data.train.labels)
    assert counts.max() - counts.min() <= 1
    # first images of each class train, the last ones validate
    threes = fashion_train.images[fashion_train.labels == 3]
    assert np.array_equal(data.train.images[data.train.labels == 3], threes[: counts[3]])
    held_out = data.validation.images[data.validation.labels == 3]
    assert len(held_out) > 0 and np.array_equal(held_out, threes[-len(held_out) :])

    scaled = data.train.images / 255
    assert data.mean.dtype == data.std.dtype == np.float32
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, scaled.std(axis=(0, 2, 3)), rtol=1e-6)


def test_prepared_statistics_are_of_each_channel(root, tmp_path):
    prepare(
        "cifar10",
        root=root,
        download=False,
        train_images=None,
        validation_images=10,
        out=tmp_path / "out",
    )
    data = read_train(tmp_path / "out" / "train.npz")
    assert len(data.train) == 20
    scaled = data.train.images / 255
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(data.std, scaled.std(axis=(0, 2, 3)), rtol=1e-6)
    assert len(np.unique(data.mean)) == 3


def test_a_class_without_an_image_is_refused_before_anything_is_written(root, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(
        UserError, match=r"'data.validation_images': 9 images have none of class '9"
    ):
        prepare(
            "cifar10",
            root=root,
            download=False,
            train_images=None,
            validation_images=9,
            out=out,
        )
    assert not out.exists()


def test_test_images_are_in_the_test_file_only(prepared):
    official = load_test("fashion_mnist", root=NOWHERE, download=False)
    test = read_evaluation_set(prepared / "test.npz", "test")
    assert np.array_equal(test.images, official.images)
    assert np.array_equal(test.labels, official.labels)
    with np.load(prepared / "test.npz") as file:
        assert set(file) == {"test_images", "test_labels"}
    with np.load(prepared / "train.npz") as file:
        assert not any("test" in name for name in file)


def test_development_images_have_a_file_of_their_own(prepared, tmp_path, fashion_train):
    def again(number):
        prepare(
            "fashion_mnist",
            root=NOWHERE,
            download=False,
            train_images=1203,
            validation_images=507,
            development_images=number,
            out=tmp_path,
        )

    again(100)
    data = read_train(tmp_path / "train.npz")
    development = read_evaluation_set(tmp_path / "development.npz", "development")
    threes = fashion_train.images[fashion_train.labels == 3]
    validation = (data.validation.labels == 3).sum()
    assert np.bincount(development.labels).tolist() == [10] * 10
    assert np.array_equal(
        development.images[development.labels == 3], threes[-validation - 10 : -validation]
    )
    # Enough are left: the others are what they were.
    for file in ("train.npz", "test.npz"):
        assert (tmp_path / file).read_bytes() == (prepared / file).read_bytes()
    wanted = {"dataset": "fashion_mnist", "train_images": 1203, "validation_images": 507}
    check_prepared(tmp_path, wanted | {"development_images": 100})
    flip_byte(tmp_path / "development.npz")
    with pytest.raises(UserError, match=r"development\.npz: not readable data"):
        check_prepared(tmp_path, wanted | {"development_images": 100})
    again(0)
    check_prepared(tmp_path, wanted)
    assert not (tmp_path / "development.npz").exists()


def test_preparing_again_gives_the_same_bytes_and_leaves_nothing_else(prepared, tmp_path):
    prepare_fashion(tmp_path, 1203, 507)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "data.json",
        "test.npz",
        "train.npz",
    ]
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (prepared / path.name).read_bytes()


def test_too_many_images_write_nothing(tmp_path):
    with pytest.raises(UserError, match=r"data\.train_images.*60000"):
        prepare_fashion(tmp_path / "out", 59_000, 2_000)
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"train\.npz: cannot be written"):
        prepare_fashion(tmp_path / "file", 10, 10)


@pytest.mark.parametrize("damage", [Path.unlink, empty, cut_in_half, flip_byte])
@pytest.mark.parametrize(
    ("read", "file"), [(read_train, "train.npz"), (read_test, "test.npz")], ids=["train", "test"]
)
def test_damaged_prepared_file_is_named(prepared, tmp_path, read, file, damage):
    path = tmp_path / file
    shutil.copy(prepared / file, path)
    read(path)
    damage(path)
    with pytest.raises(UserError) as error:
        read(path)
    text = message(error)
    assert text.startswith(f"{path}: ") and "delete the file and run snakemake again" in text


def test_prepared_file_of_another_kind_is_refused(prepared):
    with pytest.raises(UserError, match="train_images"):
        read_train(prepared / "test.npz")
