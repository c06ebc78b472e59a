"""Images on the device: one uint8 tensor, of which a few batches at a time are gathered.

Open it to add an augmentation. The trap: every draw comes from a CPU generator, and another draw or
another order of draws changes the bits of every training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mnbench.datasets import Images, Sample, TrainingData, read_train
from mnbench.planning.recipe import Augmentation

# Batches that are gathered at once: between two steps a CPU's caches are cold, and each operation
# costs many times what it takes by itself. More than a few would not stay in them.
GATHERED = 4


@dataclass(frozen=True, eq=False)
class Normalisation:
    """A function from pixels to a network's input, with zero mean and unit variance in training.

    A channel that is the same everywhere has no variance; it becomes 0.
    """

    scale: Tensor  # float32 (1, channels, h, w), channels last
    shift: Tensor

    @classmethod
    def of(cls, data: TrainingData, device: torch.device) -> "Normalisation":
        """Return it for the training images' mean and deviation (on the scale 0 to 1)."""
        deviation = np.where(data.std > 0, data.std, np.float32(1))  # neither 0 nor rounded to nan
        mean, std = (torch.from_numpy(part).view(1, -1, 1, 1) for part in (data.mean, deviation))
        size = data.train.images.shape[2:]
        # A value for each pixel lies in memory as an image does: a CPU then does whole images with
        # vector instructions. A value for each of three channels takes it seven times as long.
        scale, shift = (
            values.expand(-1, -1, *size).contiguous(memory_format=torch.channels_last).to(device)
            for values in (1 / (255 * std), -mean / std)
        )
        return cls(scale, shift)

    def __call__(self, images: Tensor) -> Tensor:
        """Return uint8 images ``(n, channels, h, w)`` as normalised float32, channels last."""
        floats = images.to(torch.float32, memory_format=torch.channels_last)
        return floats.mul_(self.scale).add_(self.shift)


@dataclass(frozen=True, eq=False)
class DeviceImages:
    """Labelled images in the device's memory."""

    images: Tensor  # uint8 (n, channels, h, w), channels last
    labels: Tensor  # int64 (n,)

    @classmethod
    def of(cls, images: Images, device: torch.device) -> "DeviceImages":
        """Copy images to the device."""
        pixels, labels = torch.from_numpy(images.images), torch.from_numpy(images.labels)
        return cls(pixels.to(device, memory_format=torch.channels_last), labels.to(device))

    def at(self, indices: Tensor) -> Tensor:
        """Return the images at some positions: uint8 ``(len(indices), channels, h, w)``."""
        # On a CPU this copies whole images; indexing by brackets goes through them pixel by pixel.
        return self.images.permute(0, 2, 3, 1).index_select(0, indices).permute(0, 3, 1, 2)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The images that a training may use: never the test images."""

    train: DeviceImages
    validation: DeviceImages
    normalise: Normalisation

    @classmethod
    def read(cls, path: Path, device: torch.device, sample: Sample | None = None) -> "TrainingSet":
        """Read the training and validation images of a study, and put them on the device.

        Args:
            path: the file that they are stored in.
            device: where networks are trained.
            sample: the training images to draw; None takes all.

        Raises:
            UserError: the file is missing or damaged.
        """
        return cls.of(read_train(path, sample), device)

    @classmethod
    def of(cls, data: TrainingData, device: torch.device) -> "TrainingSet":
        """Put images on the device."""
        return cls(
            DeviceImages.of(data.train, device),
            DeviceImages.of(data.validation, device),
            Normalisation.of(data, device),
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """The images of one step, as a loss gets them beside the logits."""

    images: Tensor  # float32 (n, channels, h, w), augmented and normalised
    labels: Tensor  # int64 (n,)
    indices: Tensor  # int64 (n,), positions in the training set


def batches(
    data: TrainingSet,
    positions: Sequence[Tensor],
    augmentation: Augmentation,
    generator: torch.Generator,
) -> Iterator[Batch]:
    """Yield an epoch's batches; a few at a time are gathered and normalised.

    Args:
        data: what the images are taken from.
        positions: of each batch's images in the training set, int64 ``(n,)`` each.
        augmentation: drawn for each batch by itself, and not before it is asked for: an interrupted
            epoch goes on with the next draw.
        generator: as :func:`augment` wants it.
    """
    for start in range(0, len(positions), GATHERED):
        group = positions[start : start + GATHERED]
        lengths = [len(indices) for indices in group]
        together = torch.cat(list(group))
        images, labels = data.train.at(together), data.train.labels[together].split(lengths)
        if augmentation == Augmentation():
            parts = iter(data.normalise(images).split(lengths))
        else:
            parts = (
                data.normalise(augment(part, augmentation, generator))
                for part in images.split(lengths)
            )
        for batch in zip(parts, labels, group, strict=True):
            yield Batch(*batch)


def augment(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Return images, each shifted and flipped by its own random draw, the whole batch at once.

    Args:
        images: uint8 ``(n, channels, h, w)``.
        augmentation: how far to shift (the border is filled with zeros), and whether to flip.
        generator: a CPU generator, so that a GPU sees the same draws.

    Returns:
        uint8, the same shape and device.
    """
    n, _, height, width = images.shape
    reach = augmentation.shift
    if not reach and not augmentation.flip:
        return images
    rows = torch.arange(height).expand(n, -1)
    columns = torch.arange(width).expand(n, -1)
    if reach:
        down, right = torch.randint(2 * reach + 1, (2, n, 1), generator=generator)
        rows, columns = rows + down, columns + right
        images = functional.pad(images, [reach] * 4)
    if augmentation.flip:
        flipped = torch.rand((n, 1), generator=generator) < 0.5
        columns = torch.where(flipped, columns.flip(1), columns)
    rows, columns = rows.to(images.device), columns.to(images.device)
    of_image = torch.arange(n, device=images.device).view(n, 1, 1)
    # Behind each other lie all pixels of all images. On a CPU a pixel of three channels is then
    # copied as a whole; indexing by brackets copies each channel by itself.
    pixels = images.permute(0, 2, 3, 1).flatten(0, 2)
    source = images.shape[2:]
    taken = (of_image * source[0] + rows[:, :, None]) * source[1] + columns[:, None, :]
    gathered = pixels.index_select(0, taken.flatten()).unflatten(0, (n, height, width))
    return gathered.permute(0, 3, 1, 2)
