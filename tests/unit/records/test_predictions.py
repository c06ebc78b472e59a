"""Predictions: written, read back, and damaged in every way."""

import gc

import numpy as np
import pytest
from support.reading import one_line

from mnbench.errors import UserError
from mnbench.records.predictions import read_predictions, write_predictions
from mnbench.records.record import (
    PREDICTIONS,
)


def arrays(networks=2, images=5, classes=3):
    rng = np.random.default_rng(0)
    return {
        "validation_logits": rng.normal(size=(networks, images, classes)).astype(np.float32),
        "validation_labels": rng.integers(classes, size=images),
        "test_logits": rng.normal(size=(networks, 2 * images, classes)).astype(np.float32),
        "test_labels": rng.integers(classes, size=2 * images),
    }


@pytest.mark.parametrize("split", ["validation", "test"])
def test_predictions_are_read_as_they_were_written(tmp_path, split):
    written = arrays()
    write_predictions(tmp_path, **written)
    read = read_predictions(tmp_path, split)
    np.testing.assert_array_equal(read.logits, written[f"{split}_logits"])
    np.testing.assert_array_equal(read.labels, written[f"{split}_labels"])
    assert read.logits.dtype == np.float32


@pytest.mark.filterwarnings(
    "error::ResourceWarning", "error::pytest.PytestUnraisableExceptionWarning"
)
def test_a_damaged_file_is_closed_again(tmp_path):
    write_predictions(tmp_path, **arrays())
    file = tmp_path / PREDICTIONS
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(UserError):
        read_predictions(tmp_path, "test")
    gc.collect()


def test_the_same_predictions_give_the_same_bytes(tmp_path):
    write_predictions(tmp_path, **arrays())
    first = (tmp_path / PREDICTIONS).read_bytes()
    write_predictions(tmp_path, **arrays())
    assert (tmp_path / PREDICTIONS).read_bytes() == first


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("test_logits", np.zeros((10, 3), np.float32)),
        ("test_logits", np.zeros((2, 9, 3), np.float32)),
        ("test_logits", np.full((2, 10, 3), np.nan, np.float32)),
        ("test_logits", np.full((2, 10, 3), np.inf, np.float32)),
        ("test_logits", np.full((2, 10, 3), "text")),
        ("test_logits", np.zeros((), np.float32)),
        ("test_labels", np.zeros((10, 1), np.int64)),
        ("test_labels", np.zeros(3, np.int64)),
    ],
)
def test_predictions_of_another_shape_or_kind_are_one_line(tmp_path, key, value):
    write_predictions(tmp_path, **(arrays() | {key: value}))
    with pytest.raises(UserError) as caught:
        read_predictions(tmp_path, "test")
    text = one_line(caught)
    assert text.startswith(f"{tmp_path / PREDICTIONS}: key 'test_logits': want finite floats")
    assert "run snakemake again, which trains it anew" in text
    read_predictions(tmp_path, "validation")  # which is as it should be


DAMAGES = ["missing", "empty", "truncated", "end", "flipped", "npy", "pickle"]


@pytest.mark.parametrize("how", DAMAGES)
def test_damaged_predictions_are_one_line(tmp_path, how):
    file = tmp_path / PREDICTIONS
    write_predictions(tmp_path, **arrays(images=50))
    content = file.read_bytes()
    match how:
        case "missing":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "truncated":
            file.write_bytes(content[: len(content) // 2])
        case "end":  # its arrays are looked for before the file's beginning
            file.write_bytes(content[:-6] + (10**6).to_bytes(4, "little") + content[-2:])
        case "flipped":  # a byte of an array's
            place = content.index(arrays(images=50)["test_logits"].tobytes()[:40])
            file.write_bytes(content[:place] + b"\x00\xff" + content[place + 2 :])
        case "npy":
            with file.open("wb") as opened:
                np.save(opened, np.zeros(3))
        case "pickle":
            write_predictions(tmp_path, test_logits=np.array([{}]), test_labels=np.array([{}]))
    with pytest.raises(UserError) as caught:
        read_predictions(tmp_path, "test")
    said = "cannot be read (No such file" if how == "missing" else "not readable predictions ("
    assert one_line(caught).startswith(f"{file}: {said}")


def test_a_split_that_is_not_there_is_one_line(tmp_path):
    write_predictions(
        tmp_path, **{key: value for key, value in arrays().items() if key != "test_labels"}
    )
    with pytest.raises(UserError, match="test_labels"):
        read_predictions(tmp_path, "test")
