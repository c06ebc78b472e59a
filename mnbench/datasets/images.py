"""Labelled images in memory: the value that every loader returns, and its statistics.

Open this module for dtypes and shapes. The trap: images are uint8 and channels come first.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)  # comparing arrays with == gives no truth value
class Images:
    """Labelled images, in file order."""

    images: np.ndarray  # uint8 (n, channels, height, width)
    labels: np.ndarray  # int64 (n,), from 0

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Images":
        """Return a copy of the images at *indices*, in that order."""
        return Images(self.images[indices], self.labels[indices])


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
