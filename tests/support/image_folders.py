"""Folders of small real images, made by Pillow, for tests of data sets of a study's own."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mnbench.datasets import ImageFolder

SIZE = 8
LONG_AGO = 1_600_000_000  # seconds: files whose times can be relied on


def picture(seed: int, size: tuple[int, int] = (SIZE, SIZE), mode: str = "RGB") -> Image.Image:
    """Return a picture of smooth colours, another one for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).convert(mode)


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    """Save an image in the format of its suffix, as if long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return settle(path)


def settle(path: Path, seconds: int = LONG_AGO) -> Path:
    """Give a file a time that is long ago."""
    os.utime(path, (seconds, seconds))
    return path


def make_folder(
    root: Path,
    classes: tuple[str, ...] = ("cat", "dog"),
    *,
    parts: tuple[str, ...] = ("train", "test"),
    each: int = 6,
    suffix: str = ".png",
    size: int = SIZE,
) -> Path:
    """Make a folder of pictures, of which no two are alike; parts ("",) are a folder of classes."""
    seed = 0
    for part in parts:
        for name in classes:
            for number in range(each):
                save(root / part / name / f"{number:04}{suffix}", picture(seed, (size, size)))
                seed += 1
    return root


def described(root: Path, **changes: Any) -> ImageFolder:
    """Return the description of a folder."""
    keys = {"name": "pets", "folder": str(root), "image_size": SIZE}
    return ImageFolder(**keys | changes)
