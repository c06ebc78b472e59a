"""Read Fashion-MNIST, which comes with the package as the four official gzipped idx files.

Open this module when a bundled file is refused as truncated or altered. The trap: the hashes are
those of the uncompressed content, so recompressed files pass.
"""

import gzip
import hashlib
import importlib.resources
import io
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from types import MappingProxyType

import numpy as np

from mnbench.datasets.images import Images
from mnbench.errors import UserError

REMEDY = (
    "Fashion-MNIST comes with mnbench: reinstall it, or run `git checkout -- "
    "mnbench/datasets/fashion_mnist`, or copy the file from Debian's package "
    "dataset-fashion-mnist (/usr/share/datasets/fashion-mnist)"
)
NAMES = MappingProxyType({"fashion_mnist": {"train": "train", "test": "t10k"}})


@dataclass(frozen=True)
class _Idx:
    """The uncompressed content that an idx file of unsigned bytes must have."""

    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> int:
        """Bytes before the values: a magic number and each axis's length, 4 bytes each."""
        return 4 * (1 + len(self.shape))

    @property
    def size(self) -> int:
        return self.header + math.prod(self.shape)


# The hashes are those of the official files; see fashion_mnist/SOURCE.md.
IDX_FILES: Mapping[str, _Idx] = MappingProxyType(
    {
        "train-images-idx3-ubyte.gz": _Idx(
            (60_000, 28, 28), "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"
        ),
        "train-labels-idx1-ubyte.gz": _Idx(
            (60_000,), "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"
        ),
        "t10k-images-idx3-ubyte.gz": _Idx(
            (10_000, 28, 28), "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
        ),
        "t10k-labels-idx1-ubyte.gz": _Idx(
            (10_000,), "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"
        ),
    }
)


def folder_of(name: str) -> Traversable:
    """Return the folder inside the package that holds a bundled data set."""
    return importlib.resources.files("mnbench.datasets") / name


def load_bundled(folder: Traversable, stem: str) -> Images:
    """Read the images and labels of one part; the training part takes about 55 MB.

    Args:
        folder: the folder of the four files, a :class:`pathlib.Path` or inside the package.
        stem: the beginning of the part's file names, "train" or "t10k".

    Returns:
        Images uint8 ``(n, 1, 28, 28)`` with int64 labels.

    Raises:
        UserError: a file is missing, truncated or altered.
    """
    images = _read_idx(folder, f"{stem}-images-idx3-ubyte.gz")
    labels = _read_idx(folder, f"{stem}-labels-idx1-ubyte.gz")
    return Images(images[:, np.newaxis], labels.astype(np.int64))


def check_bundled(folder: Traversable) -> None:
    """Check in milliseconds that the four files are present and complete, still compressed.

    Raises:
        UserError: a file is missing, or its end does not state the size that it must have.
    """
    for name, idx in IDX_FILES.items():
        # gzip's last 4 bytes are the uncompressed size: a truncated file ends otherwise.
        if _read(folder, name)[-4:] != struct.pack("<I", idx.size):
            raise UserError(f"{folder / name}: truncated; {REMEDY}")


def _read(folder: Traversable, name: str) -> bytes:
    path = folder / name
    if not path.is_file():
        raise UserError(f"{path}: missing; {REMEDY}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: not readable ({error.strerror}); {REMEDY}") from error


def _read_idx(folder: Traversable, name: str) -> np.ndarray:
    idx = IDX_FILES[name]
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(_read(folder, name))) as file:
            content = file.read(idx.size + 1)  # not all: a few kilobytes may stand for gigabytes
    except EOFError as error:
        raise UserError(f"{folder / name}: truncated; {REMEDY}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{folder / name}: altered ({error}); {REMEDY}") from error
    if len(content) < idx.size:
        raise UserError(f"{folder / name}: truncated; {REMEDY}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != idx.sha256:
        raise UserError(
            f"{folder / name}: altered (SHA-256 of the uncompressed content is {digest}, "
            f"want {idx.sha256}); {REMEDY}"
        )
    # A view of bytes is read-only, which torch warns about: hence the copy.
    return np.frombuffer(content, np.uint8, offset=idx.header).reshape(idx.shape).copy()
