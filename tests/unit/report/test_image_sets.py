"""What ``mnbench data`` shows: classes, numbers, and a sheet of training images alone."""

import numpy as np
import pytest
import yaml
from PIL import Image
from support.image_folders import SIZE, make_folder, picture, save
from support.tiny import config

from mnbench.cli import main
from mnbench.datasets import Dataset, Images
from mnbench.datasets.images import channel_statistics
from mnbench.report.image_sets import COLUMNS_OF_SHEET, ROWS_OF_SHEET, sheet


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Return what the command prints of a folder of two classes."""
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "pets", each=20)
    save(tmp_path / "pets/test/dog/grey.png", picture(900, mode="L"))
    (tmp_path / "pets/train/dog/notes.txt").write_text("a dog")
    entry = {"name": "pets", "folder": "pets", "image_size": SIZE, "title": "Cats and dogs"}
    study = config() | {"datasets": [entry], "data": {"train_images": 10, "validation_images": 10}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    assert main(["data", "study.yaml"]) == 0
    return capsys.readouterr().out


def test_classes_numbers_and_what_was_converted_are_printed(shown, tmp_path):
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "pets: Cats and dogs"
    for line in (
        "images 40 to train on, 41 to test on",
        "shape 3 x 8 x 8, uint8",
        "label class train test",
        "0 cat 20 20",
        "1 dog 20 21",
        "note grey made rgb: 1 image",
        "note left out, since their suffix is no image's: 1 file",
        "sheet results/tiny/data/pets.png",
    ):
        assert line in lines, line
    files = sorted((tmp_path / "pets/train").rglob("*.png"))
    pixels = np.stack([np.asarray(Image.open(file)).transpose(2, 0, 1) for file in files])
    mean, std = channel_statistics(Images(pixels, np.zeros(len(files), np.int64)))
    assert f"deviation {' '.join(f'{value:.3f}' for value in std)}" in lines
    assert any(line.startswith(f"mean {' '.join(f'{v:.3f}' for v in mean)} ") for line in lines)


def test_the_sheet_is_a_picture(shown, tmp_path):
    with Image.open(tmp_path / "results/tiny/data/pets.png") as image:
        assert image.width == 1400 and image.height > 200


def test_the_sheet_has_images_of_each_class_in_its_row():
    classes, each = 3, 30
    labels = np.repeat(np.arange(classes), each)
    images = np.full((classes * each, 3, SIZE, SIZE), 0, np.uint8)
    images += (labels * 50 + 10).astype(np.uint8)[:, None, None, None]
    dataset = Dataset("x", "X", SIZE, 3, classes, len(labels), 0)
    (axes,) = sheet(dataset, Images(images, labels), ["a", "b", "c"]).axes
    canvas = np.asarray(axes.get_images()[0].get_array())
    step = canvas.shape[0] // classes
    for row in range(classes):
        inside = canvas[row * step : row * step + SIZE]
        assert set(np.unique(inside)) == {row * 50 + 10, 255}
        assert (inside == row * 50 + 10).sum() == COLUMNS_OF_SHEET * 3 * SIZE * SIZE
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert axes.get_title() == "X: training images"


def test_a_sheet_of_many_classes_says_that_it_shows_the_first():
    labels = np.arange(30)
    images = Images(np.zeros((30, 1, SIZE, SIZE), np.uint8), labels)
    figure = sheet(Dataset("x", "X", SIZE, 1, 30, 30, 0), images, ["a name " * 9] * 30)
    (axes,) = figure.axes
    assert axes.get_title() == f"X: training images, the first {ROWS_OF_SHEET} of 30 classes"
    assert max(len(label.get_text()) for label in axes.get_yticklabels()) == 24


def test_names_with_dollar_signs_are_no_formulas(tmp_path):
    rng = np.random.default_rng(0)
    images = Images(rng.integers(0, 255, (4, 3, 8, 8), np.uint8), np.array([0, 1, 0, 1]))
    names = (r"$\bad{$", "$5$")
    own = Dataset("own", r"$\bad{$ pets", 8, 3, 2, 4, 4)
    figure = sheet(own, images, names)
    figure.savefig(tmp_path / "sheet.png")
    assert tuple(text.get_text() for text in figure.axes[0].get_yticklabels()) == names
