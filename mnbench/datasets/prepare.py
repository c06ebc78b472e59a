"""Write the files from which training and prediction start.

Open this module to change what they hold. The trap: they are two so that a training job is given
the first and never the second.
"""

from pathlib import Path

import numpy as np

from mnbench.datasets.images import Images
from mnbench.datasets.loading import load_test, load_train
from mnbench.datasets.npz import write_arrays
from mnbench.datasets.prepared import DATA_FILES, TEST, TRAIN, write_note
from mnbench.datasets.registry import dataset
from mnbench.datasets.split import split
from mnbench.files import only_a_file


def prepare(
    name: str,
    *,
    root: Path,
    download: bool,
    train_images: int | None,
    validation_images: int,
    out: Path,
) -> None:
    """Write ``train.npz``, ``test.npz`` and ``data.json`` into the folder *out*.

    ``train.npz`` holds ``{train,validation}_images`` uint8 ``(n, channels, height, width)``,
    ``{train,validation}_labels`` int64 ``(n,)``, and ``mean`` and ``std`` float32 ``(channels,)``
    of the chosen training images on the scale 0 to 1. ``test.npz`` holds ``test_images`` and
    ``test_labels``, the whole official test part, and nothing else. ``data.json`` says what both
    are (:mod:`mnbench.datasets.prepared`).

    Args:
        name: one of :data:`mnbench.datasets.DATASETS`.
        root: the folder of the data sets that are not bundled.
        download: whether files that are missing may be downloaded into *root*.
        train_images: number of images to train on; None is all that are not held out.
        validation_images: number of images to hold out of the official training part.
        out: a folder, created if it is missing.

    Raises:
        UserError: the data set cannot be read or has too few images, or *out* is not writable.
    """
    official = load_train(name, root=root, download=download)
    chosen = split(
        official.labels,
        train_images=train_images,
        validation_images=validation_images,
        num_classes=dataset(name).num_classes,
    )
    test = load_test(name, root=root, download=download)  # before writing: errors leave no files
    train, validation = official.take(chosen.train), official.take(chosen.validation)
    mean, std = channel_statistics(train)
    for file in DATA_FILES:
        only_a_file(out / file)
    write_arrays(
        out / TRAIN,
        train_images=train.images,
        train_labels=train.labels,
        validation_images=validation.images,
        validation_labels=validation.labels,
        mean=mean,
        std=std,
    )
    write_arrays(out / TEST, test_images=test.images, test_labels=test.labels)
    numbers = {"train_images": train_images, "validation_images": validation_images}
    write_note(out, {"dataset": name, **numbers})


def channel_statistics(images: Images) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and (population) standard deviation of each channel, on the scale 0 to 1.

    They come from histograms, hence from whole numbers: exact, and the same on every machine.

    Returns:
        Two float32 ``(channels,)`` arrays.
    """
    values = np.arange(256)
    channels = range(images.images.shape[1])
    counts = np.stack(
        [np.bincount(images.images[:, c].ravel(), minlength=values.size) for c in channels]
    )
    pixels = counts.sum(axis=1)
    mean = counts @ values / pixels
    variance = counts @ values**2 / pixels - mean**2
    return (mean / 255).astype(np.float32), (np.sqrt(variance) / 255).astype(np.float32)
