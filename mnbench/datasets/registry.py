"""The data sets that every study can name: their sizes, known before any image is read.

Open this module first to add a data set. A study may have data sets of its own as well, folders of
images; its plan describes them, as a :class:`Dataset` too. The trap: an entry here says nothing of
the files; those are read by ``bundled`` or ``downloaded``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mnbench.datasets.folders.description import ImageFolder
from mnbench.errors import UserError, choices

# What networks are evaluated on: the official test part, and training images kept for development.
TEST_SET = "test"
EVALUATION_SETS = (TEST_SET, "development")


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set before it is read."""

    name: str  # as a configuration says it
    title: str  # as a figure says it
    image_size: int  # pixels, height and width alike
    in_channels: int
    num_classes: int
    train_images: int  # in the official training part, before any are held out
    test_images: int
    folder: ImageFolder | None = None  # of a study's own data set: where its images are
    content: str = ""  # likewise: a hash of all that decides them

    @property
    def identity(self) -> dict[str, str]:
        """What tells it from other images, as a training's ``data`` has it."""
        return {"dataset": self.name} | ({"content": self.content} if self.content else {})

    @property
    def image_shape(self) -> dict[str, int]:
        """Keyword arguments that describe the images to counts and ``build``."""
        return {
            "in_channels": self.in_channels,
            "num_classes": self.num_classes,
            "image_size": self.image_size,
        }


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Dataset("fashion_mnist", "Fashion-MNIST", 28, 1, 10, 60_000, 10_000),
            Dataset("cifar10", "CIFAR-10", 32, 3, 10, 50_000, 10_000),
            Dataset("cifar100", "CIFAR-100", 32, 3, 100, 50_000, 10_000),
            Dataset("svhn", "SVHN", 32, 3, 10, 73_257, 26_032),
        )
    }
)


def dataset(name: str | Dataset) -> Dataset:
    """Return the description of a data set; a description is returned as it is.

    Raises:
        UserError: no data set has this name; names the nearest one.
    """
    if isinstance(name, Dataset):
        return name
    if name not in DATASETS:
        raise UserError(f"unknown data set '{name}': {choices(name, DATASETS)}")
    return DATASETS[name]
