"""Divide the official training images into training and validation images, by a fixed rule.

Open this module to see which images validate. Both parts are stratified by class. Of each class's
images in file order, the last validate and the first train. The trap: nothing is drawn at random,
so every seed, approach and study has the same validation images. They stay the same when a study
takes fewer training images.
"""

from dataclasses import dataclass

import numpy as np

from mnbench.errors import UserError


@dataclass(frozen=True, eq=False)  # comparing arrays with == gives no truth value
class Split:
    """Positions in the official training part: int64, ascending."""

    train: np.ndarray
    validation: np.ndarray


def split(
    labels: np.ndarray, *, train_images: int | None, validation_images: int, num_classes: int
) -> Split:
    """Choose the training and the validation images.

    Args:
        labels: int ``(n,)``, the classes of the official training part in file order.
        train_images: number of images to train on; None is all that are not held out.
        validation_images: number of images to hold out.
        num_classes: number of classes.

    Raises:
        UserError: there are too few images.
    """
    check_counts(len(labels), train_images, validation_images)
    counts = np.bincount(labels, minlength=num_classes)
    held_out = apportion(validation_images, counts)
    left = counts - held_out
    wanted = left if train_images is None else apportion(train_images, left)

    of_class = [np.flatnonzero(labels == label) for label in range(num_classes)]
    train = [images[:n] for images, n in zip(of_class, wanted, strict=True)]
    validation = [images[len(images) - n :] for images, n in zip(of_class, held_out, strict=True)]
    return Split(np.sort(np.concatenate(train)), np.sort(np.concatenate(validation)))


def check_counts(available: int, train_images: int | None, validation_images: int) -> None:
    """Check that *available* images are enough; this needs no data and can run early.

    Raises:
        UserError: a count is negative, nothing is left to train on, or too many are asked for.
    """
    if not 0 <= validation_images < available:
        raise UserError(
            f"key 'data.validation_images': {validation_images} of {available} images cannot be "
            f"held out; allowed: 0 to {available - 1}"
        )
    left = available - validation_images
    if train_images is not None and not 1 <= train_images <= left:
        raise UserError(
            f"key 'data.train_images': {train_images} cannot be had: of {available} images "
            f"'data.validation_images' holds out {validation_images}; "
            f"allowed: 1 to {left}, or null for all of them"
        )


def apportion(total: int, weights: np.ndarray) -> np.ndarray:
    """Divide *total* in proportion to integer *weights*, exactly, by the largest remainder.

    No share differs from its proportional value by 1 or more. If *total* does
    not exceed the sum of weights, no share exceeds its weight. Ties go to the first.

    Args:
        total: the number to divide, at least 0.
        weights: int ``(n,)``, at least 0, with a positive sum.

    Returns:
        int64 ``(n,)``, summing to *total*.
    """
    shares, remainders = np.divmod(total * weights.astype(np.int64), weights.sum())
    largest = np.argsort(-remainders, kind="stable")[: total - shares.sum()]
    shares[largest] += 1
    return shares
