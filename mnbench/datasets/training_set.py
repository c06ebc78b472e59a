"""Read ``train.npz``: all the data that training code gets, or the sample of it that a seed draws.

Open this module for its arrays. The trap: mean and standard deviation are on the scale 0 to 1, the
images on 0 to 255.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnbench.datasets.images import Images, channel_statistics
from mnbench.datasets.npz import read_arrays
from mnbench.datasets.split import Sample


@dataclass(frozen=True, eq=False)  # comparing arrays with == gives no truth value
class TrainingData:
    """The images that a training sees, and their statistics."""

    train: Images
    validation: Images
    mean: np.ndarray  # float32 (channels,), of the training images, on the scale 0 to 1
    std: np.ndarray  # float32 (channels,), likewise


def read_train(path: Path, sample: Sample | None = None) -> TrainingData:
    """Read the ``train.npz`` that :func:`mnbench.datasets.prepare.prepare` wrote.

    Args:
        path: the file.
        sample: the training images to draw, whose statistics are then computed; None takes all.

    Raises:
        UserError: the file is missing or damaged.
    """
    arrays = read_arrays(
        path,
        train_images=(np.uint8, 4),
        train_labels=(np.int64, 1),
        validation_images=(np.uint8, 4),
        validation_labels=(np.int64, 1),
        mean=(np.float32, 1),
        std=(np.float32, 1),
    )
    train = Images(arrays["train_images"], arrays["train_labels"])
    mean, std = arrays["mean"], arrays["std"]
    if sample is not None:
        train = train.take(sample.draw(train.labels))
        mean, std = channel_statistics(train)
    validation = Images(arrays["validation_images"], arrays["validation_labels"])
    return TrainingData(train, validation, mean, std)
