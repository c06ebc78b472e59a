"""Write the files from which training and prediction start.

Open this module to change what they hold. The trap: they are several so that a training job is
given the first and never another.
"""

from pathlib import Path

import numpy as np

from mnbench.datasets.images import channel_statistics
from mnbench.datasets.loading import load_test, load_train
from mnbench.datasets.npz import write_arrays
from mnbench.datasets.prepared import DATA_FILES, DEVELOPMENT, TEST, TRAIN, write_note
from mnbench.datasets.registry import Dataset, dataset
from mnbench.datasets.split import check_classes, split
from mnbench.files import only_a_file


def prepare(
    name: str | Dataset,
    *,
    root: Path,
    download: bool,
    train_images: int | None,
    validation_images: int,
    development_images: int = 0,
    out: Path,
) -> None:
    """Write ``train.npz``, ``test.npz``, ``data.json``, perhaps ``development.npz`` into *out*.

    ``train.npz`` holds ``{train,validation}_images`` uint8 ``(n, channels, height, width)``,
    ``{train,validation}_labels`` int64 ``(n,)``, and ``mean`` and ``std`` float32 ``(channels,)``
    of the chosen training images on the scale 0 to 1. ``test.npz`` holds ``test_images`` and
    ``test_labels``, the whole official test part, and nothing else. ``development.npz`` holds
    ``development_images`` and ``development_labels`` likewise, and is written if there are any.
    ``data.json`` says what they are (:mod:`mnbench.datasets.prepared`).

    Args:
        name: one of :data:`mnbench.datasets.DATASETS`, or the description of a study's own.
        root: the folder of the data sets that are not bundled.
        download: whether files that are missing may be downloaded into *root*.
        train_images: number of images to train on; None is all that are not held out.
        validation_images: number of images to hold out of the official training part.
        development_images: number of images to hold out beside those.
        out: a folder, created if it is missing.

    Raises:
        UserError: the data set cannot be read or has too few images, or *out* is not writable.
    """
    entry = dataset(name)
    official = load_train(entry, root=root, download=download)
    counts = np.bincount(official.labels, minlength=entry.num_classes)
    of_class = {str(label): int(count) for label, count in enumerate(counts)}
    check_classes(of_class, train_images, validation_images, development_images)
    chosen = split(
        official.labels,
        train_images=train_images,
        validation_images=validation_images,
        development_images=development_images,
        num_classes=entry.num_classes,
    )
    test = load_test(entry, root=root, download=download)  # before writing: errors leave no files
    train, validation = official.take(chosen.train), official.take(chosen.validation)
    mean, std = channel_statistics(train)
    for file in (*DATA_FILES, DEVELOPMENT):
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
    if development_images:
        development = official.take(chosen.development)
        write_arrays(
            out / DEVELOPMENT,
            development_images=development.images,
            development_labels=development.labels,
        )
        numbers["development_images"] = development_images
    else:
        (out / DEVELOPMENT).unlink(missing_ok=True)  # of a former split
    write_note(out, {**entry.identity, **numbers})
