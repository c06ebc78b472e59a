"""Divide the official training images: to train, to validate, and to develop methods on.

Open this module to see which images validate. All parts are stratified by class. Of each class's
images in file order, the last validate, those before them are for development, and the first train.
The trap: that rule draws nothing at random, so every seed, approach and study has the same
validation images. They stay the same when a study takes fewer training images. Only a
:class:`Sample` is drawn, from the images that train.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnbench.errors import UserError

SAMPLE_SEED = "sample_seed"  # the key of a training's data, where its seed draws its images


@dataclass(frozen=True, eq=False)  # comparing arrays with == gives no truth value
class Split:
    """Positions in the official training part: int64, ascending."""

    train: np.ndarray
    validation: np.ndarray
    development: np.ndarray


def split(
    labels: np.ndarray,
    *,
    train_images: int | None,
    validation_images: int,
    development_images: int = 0,
    num_classes: int,
) -> Split:
    """Choose the training, validation and development images.

    Args:
        labels: int ``(n,)``, the classes of the official training part in file order.
        train_images: number of images to train on; None is all that are not held out.
        validation_images: number of images to hold out.
        development_images: number of images to hold out beside those.
        num_classes: number of classes.

    Raises:
        UserError: there are too few images.
    """
    check_counts(len(labels), train_images, validation_images, development_images)
    counts = np.bincount(labels, minlength=num_classes)
    held_out = apportion(validation_images, counts)
    developing = apportion(development_images, counts - held_out)
    left = counts - held_out - developing
    wanted = left if train_images is None else apportion(train_images, left)

    of_class = [np.flatnonzero(labels == label) for label in range(num_classes)]

    def part(first: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return the images from *first* on, so many of each class."""
        ends = zip(of_class, first, first + number, strict=True)
        return np.sort(np.concatenate([images[start:end] for images, start, end in ends]))

    return Split(
        train=part(np.zeros_like(counts), wanted),
        validation=part(counts - held_out, held_out),
        development=part(left, developing),
    )


@dataclass(frozen=True)
class Sample:
    """The training images that a seed draws: *images* of those that are stored to train on.

    Its seed is the study's and of no training, so that all approaches of a seed train on it.
    """

    images: int
    seed: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Sample | None":
        """Return the sample that a training's ``data`` tells, or None if it draws none."""
        return cls(data["train_images"], data[SAMPLE_SEED]) if SAMPLE_SEED in data else None

    def draw(self, labels: np.ndarray) -> np.ndarray:
        """Return positions in *labels*, int64 ``(images,)``, ascending, none of them twice.

        Every class keeps its share, as in :func:`split`.
        """
        rng = np.random.default_rng(self.seed)
        counts = np.bincount(labels)
        drawn = [
            rng.permutation(np.flatnonzero(labels == label))[:number]
            for label, number in enumerate(apportion(self.images, counts))
        ]
        return np.sort(np.concatenate(drawn))


def stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a data set, given what decides a training's images.

    Where trainings draw samples, the whole pool is stored, once for all seeds.
    """
    if SAMPLE_SEED not in data:
        return dict(data)
    return {key: value for key, value in data.items() if key != SAMPLE_SEED} | {
        "train_images": None
    }


def check_counts(
    available: int,
    train_images: int | None,
    validation_images: int,
    development_images: int = 0,
    *,
    classes: int = 0,
    drawn: bool = False,
) -> None:
    """Check that *available* images are enough; this needs no data and can run early.

    Args:
        available: number of official training images.
        train_images: number of images to train on; None is all that are not held out.
        validation_images: number of images to hold out.
        development_images: number of images to hold out beside those.
        classes: their number; each part has at least one image of each. 0 asks nothing of parts.
        drawn: whether each seed draws its training images, for which there must be twice as many.

    Raises:
        UserError: a count is negative, too little is left to train on, or too many are asked for.
    """
    least = max(1, classes)  # to train on
    if available < 2 * classes:
        raise UserError(
            f"{available} training images of {classes} classes are too few; give each class two, "
            "one to train on and one that key 'data.validation_images' holds out"
        )
    if not classes <= validation_images <= available - least:
        raise UserError(
            f"key 'data.validation_images': {validation_images} of {available} images"
            f"{_of(classes)} cannot be held out; allowed: {classes} to {available - least}"
        )
    left = available - validation_images
    if development_images and not classes <= development_images <= left - least:
        some = f", or {classes} to {left - least}" if classes <= left - least else ""
        raise UserError(
            f"key 'data.development_images': {development_images} of {left} images{_of(classes)} "
            f"that do not validate cannot be held out; allowed: 0{some}"
        )
    left -= development_images
    if train_images is not None and not least <= train_images <= left:
        others = f" and 'data.development_images' {development_images}"
        raise UserError(
            f"key 'data.train_images': {train_images} cannot be had: of {available} images"
            f"{_of(classes)} "
            f"'data.validation_images' holds out {validation_images}"
            f"{others if development_images else ''}; "
            f"allowed: {least} to {left}, or null for all of them"
        )
    # Two samples of n of N images share n / N of theirs, and hide so much of what a sample decides.
    if drawn and (train_images is None or 2 * train_images > left):
        some = f"{least} to {left // 2}, or " if least <= left // 2 else ""
        raise UserError(
            f"key 'data.train_images': {train_images or left} is more than half of the {left} "
            "images that are not held out, so that what seeds draw would be mostly the same; give "
            f"{some}data.sample: fixed"
        )


def _of(classes: int) -> str:
    return f" of {classes} classes" if classes else ""


def check_classes(
    images: Mapping[str, int],
    train_images: int | None,
    validation_images: int,
    development_images: int = 0,
) -> None:
    """Check that each class has an image of each part, whatever its share.

    Args:
        images: of the official training part, by class, in order.
        train_images: number of images to train on, or that each seed draws; None is all that are
            not held out.
        validation_images: number of images to hold out.
        development_images: number of images to hold out beside those.

    Raises:
        UserError: a class has none; names the key, the class and the remedy.
    """
    left = np.array(list(images.values()))
    for part, number in (("validation", validation_images), ("development", development_images)):
        share = apportion(number, left)
        if number:
            _check_share(f"{part}_images", number, share, left, images, held_out=True)
        left = left - share
    if train_images is not None:
        _check_share("train_images", train_images, apportion(train_images, left), left, images)


def _check_share(
    key: str,
    number: int,
    share: np.ndarray,
    left: np.ndarray,
    images: Mapping[str, int],
    *,
    held_out: bool = False,
) -> None:
    """Check that a part has an image of each class and, if *held_out*, leaves one to train on.

    The error gives the nearest number that does. It is searched for, since a larger number can
    leave an image where a smaller one leaves none: so is it with largest remainders.
    """

    def is_enough(other: int) -> bool:
        own = apportion(other, left)
        return bool(own.all() and (not held_out or (left - own).all()))

    if is_enough(number):
        return
    few = not share.all()
    name = list(images)[int(np.argmin(share if few else left - share))]
    others = sorted(range(1, left.sum() + 1), key=lambda other: abs(other - number))
    # Of one image alone none can be held out; with many classes it takes long to find that out.
    possible = others if not held_out or left.min() > 1 else ()
    nearest = next(filter(is_enough, possible), None)
    instead = f"give {nearest}, or " if nearest else ""
    if not nearest and left.sum() < sum(images.values()):  # development images come second
        instead = "lower key 'data.validation_images', or "
    raise UserError(
        f"key 'data.{key}': {number} images {'have' if few else 'leave'} none of class '{name}'"
        f"{'' if few else ' to train on'}, which has {images[name]} of {sum(images.values())}; "
        f"{instead}give the class more images"
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
