"""The bundled data set: complete, and every damage named."""

import gzip
import hashlib
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from support.data_files import NOWHERE, cut_in_half, empty, flip_byte, message

from mnbench.datasets import DATASETS
from mnbench.datasets.bundled import IDX_FILES, check_bundled, folder_of, load_bundled
from mnbench.datasets.loading import load_test
from mnbench.errors import UserError

FOLDER = Path(str(folder_of("fashion_mnist")))


def test_bundled_training_part_is_complete(fashion_train):
    entry = DATASETS["fashion_mnist"]
    size = (entry.train_images, entry.in_channels, entry.image_size, entry.image_size)
    assert fashion_train.images.shape == size and fashion_train.images.dtype == np.uint8
    assert fashion_train.labels.dtype == np.int64
    assert np.bincount(fashion_train.labels).tolist() == [6000] * entry.num_classes
    # The axes are in the file's order: the pixels are the file's bytes behind its header.
    digest = hashlib.sha256(bytes.fromhex("00000803 0000ea60 0000001c 0000001c"))
    digest.update(fashion_train.images.tobytes())
    assert digest.hexdigest() == IDX_FILES["train-images-idx3-ubyte.gz"].sha256


def test_bundled_test_part_is_complete():
    test = load_test("fashion_mnist", root=NOWHERE, download=False)
    assert test.images.shape == (10_000, 1, 28, 28)
    assert np.bincount(test.labels).tolist() == [1000] * 10
    assert test.labels[:5].tolist() == [9, 2, 1, 1, 6]  # boot, pullover, trousers twice, shirt


def test_source_page_states_the_checked_hashes():
    page = (FOLDER / "SOURCE.md").read_text()
    for name, idx in IDX_FILES.items():
        assert f"| `{name}` | {idx.size} | `{idx.sha256}` |" in page
    assert "Copyright (c) 2017 Zalando SE" in (FOLDER / "LICENSE").read_text()


@pytest.fixture
def copied(tmp_path):
    """A copy of the bundled files that a test may damage."""
    for name in IDX_FILES:
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("damage", "wrong"),
    [
        (Path.unlink, "missing"),
        (empty, "truncated"),
        (cut_in_half, "truncated"),
        (flip_byte, "altered"),
    ],
)
@pytest.mark.parametrize("name", ["t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz"])
def test_damaged_bundled_file_is_named_with_the_remedies(copied, name, damage, wrong):
    damage(copied / name)
    with pytest.raises(UserError) as error:
        load_bundled(copied, "t10k")
    text = message(error)
    assert text.startswith(f"{copied / name}: {wrong}")
    for remedy in ("reinstall", "git checkout", "dataset-fashion-mnist"):
        assert remedy in text


def test_whole_file_with_another_content_is_altered(copied):
    labels = copied / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes((copied / "train-labels-idx1-ubyte.gz").read_bytes())
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte.gz: altered \(SHA-256"):
        load_bundled(copied, "t10k")


def test_a_file_that_unpacks_to_more_than_it_should_is_not_unpacked(copied):
    labels = copied / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(bytes(10**6)) * 4000)  # four megabytes, or four gigabytes
    began = time.process_time()
    with pytest.raises(UserError, match=r"t10k-labels-idx1-ubyte.gz: altered \(SHA-256"):
        load_bundled(copied, "t10k")
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("damage", "wrong"), [(Path.unlink, "missing"), (cut_in_half, "truncated")]
)
def test_quick_check_finds_bundled_files_missing_or_cut_short(copied, damage, wrong):
    check_bundled(copied)
    damage(copied / "train-images-idx3-ubyte.gz")
    with pytest.raises(UserError) as error:
        check_bundled(copied)
    assert f"{copied / 'train-images-idx3-ubyte.gz'}: {wrong}" in message(error)
