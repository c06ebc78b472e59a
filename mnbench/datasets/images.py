"""Labelled images in memory: the value that every loader returns.

Open this module for its dtypes and shapes. The trap: images are uint8 and channels come first.
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
