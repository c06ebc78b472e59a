"""The data sets of a study, looked at and checked before anything runs.

Open it when a study is refused for its images. The trap: a folder of images that was never looked
at is read here, whole, since the plan needs to know what it holds; afterwards its names, sizes and
times are enough (:mod:`mnbench.datasets.folders`).
"""

from pathlib import Path

from mnbench.datasets import DATASETS, Dataset, ImageFolder, check_available, check_counts
from mnbench.datasets.folders.cache import look_at
from mnbench.datasets.folders.description import CHANNELS
from mnbench.errors import UserError
from mnbench.planning.config import Study
from mnbench.planning.recipe import Recipe


def datasets_of(study: Study, *, source: str) -> dict[str, Dataset]:
    """Return the descriptions of a study's data sets by name.

    Args:
        study: the checked configuration.
        source: the configuration file, for errors.

    Raises:
        UserError: a data set cannot be read or has too few images; names the key.
    """
    try:
        datasets = map(_described, study.datasets)
        return {dataset.name: _checked(study, dataset) for dataset in datasets}
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def _described(entry: str | ImageFolder) -> Dataset:
    if isinstance(entry, str):
        return DATASETS[entry]
    note = look_at(entry)
    return Dataset(
        name=entry.name,
        title=entry.title or entry.name,
        image_size=entry.image_size,
        in_channels=CHANNELS[entry.channels],
        num_classes=len(note.classes),
        train_images=note.train_images,
        test_images=note.test_images,
        folder=entry,
        content=note.identity,
    )


def _checked(study: Study, dataset: Dataset) -> Dataset:
    """Return a data set that can be read and has enough images."""
    data = study.data
    check_counts(
        dataset.train_images,
        data.train_images,
        data.validation_images,
        data.development_images,
        drawn=data.sample == "per_seed",
    )
    _check_images(study, dataset)
    if dataset.folder is None:
        check_available(dataset, Path(data.root), data.download)
    return dataset


def _check_images(study: Study, dataset: Dataset) -> None:
    """Check that each class has an image of each part, and the study's shift."""
    for key, number in study.data.numbers.items():
        if number is not None and number < dataset.num_classes:
            raise UserError(
                f"key 'data.{key}': {number} images of {dataset.num_classes} classes; "
                f"give at least {dataset.num_classes}"
            )
    check_shift(study.recipe, dataset, "recipe")


def check_shift(recipe: Recipe, dataset: Dataset, key: str) -> None:
    """Check that a recipe's shift leaves something of an image.

    Args:
        recipe: a study's or a variant's.
        dataset: whose images are shifted.
        key: where the recipe stands, dotted.

    Raises:
        UserError: it does not; names the key.
    """
    shift, size = recipe.augmentation.shift, dataset.image_shape["image_size"]
    if shift >= size:
        raise UserError(
            f"key '{key}.augmentation.shift': {shift} pixels would shift images of {size} pixels "
            f"out of sight; allowed: 0 to {size - 1}"
        )
