"""The data sets of a study, looked at and checked before anything runs.

Open it when a study is refused for its images. The trap: a folder of images that was never looked
at is read here, whole, since the plan needs to know what it holds; afterwards its names, sizes and
times are enough (:mod:`mnbench.datasets.folders`).
"""

from pathlib import Path

from mnbench.datasets import (
    DATASETS,
    Dataset,
    ImageFolder,
    check_available,
    check_classes,
    check_counts,
)
from mnbench.datasets.folders.cache import FolderNote, look_at
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
        datasets = [_checked(study, entry) for entry in study.datasets]
        return {dataset.name: dataset for dataset in datasets}
    except UserError as error:
        raise UserError(f"{source}: {error}") from None


def _described(entry: ImageFolder, note: FolderNote) -> Dataset:
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


def _checked(study: Study, entry: str | ImageFolder) -> Dataset:
    """Return a data set that can be read and has enough images, of each class in each part."""
    data = study.data
    numbers = (data.train_images, data.validation_images, data.development_images)
    of_class: dict[str, int] = {}  # of named data sets it is known when they are read
    if isinstance(entry, str):
        dataset = DATASETS[entry]
    else:
        note = look_at(entry)
        dataset = _described(entry, note)
        of_class = dict(zip(note.classes, note.train_counts, strict=True))
    classes, drawn = dataset.num_classes, data.sample == "per_seed"
    check_counts(dataset.train_images, *numbers, classes=classes, drawn=drawn)
    if of_class:
        check_classes(of_class, *numbers)
    else:
        check_available(dataset, Path(data.root), data.download)
    check_shift(study.recipe, dataset, "recipe")
    return dataset


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
