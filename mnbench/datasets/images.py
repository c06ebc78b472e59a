"""Labelled images in memory: the value that every loader returns, and its statistics.

Open this module for dtypes and shapes. The trap: images are uint8 and channels come first.
"""

from dataclasses import dataclass

import numpy as np

_IMAGES_AT_ONCE = 100


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

    They come from sums of whole numbers: exact, and the same on every machine. Images are taken by
    the hundred, so that nothing larger than a processor's cache is written: each training does
    this again, and fresh memory is what took longest.

    Returns:
        Two float32 ``(channels,)`` arrays.
    """
    sums, squares = np.zeros((2, images.images.shape[1]))
    for first in range(0, len(images), _IMAGES_AT_ONCE):
        values = images.images[first : first + _IMAGES_AT_ONCE].astype(np.float64)
        sums += np.einsum("nchw->c", values)
        squares += np.einsum("nchw,nchw->c", values, values)
    pixels = images.images[:, 0].size
    mean = sums / pixels
    variance = squares / pixels - mean**2
    return (mean / 255).astype(np.float32), (np.sqrt(variance) / 255).astype(np.float32)
