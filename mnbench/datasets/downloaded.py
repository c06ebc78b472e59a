"""Read CIFAR-10, CIFAR-100 and SVHN from a folder of the user's, by torchvision.

Open this module to add a data set that torchvision knows. torchvision has the formats, addresses
and MD5 sums. This module says *which* file is missing or altered and how to get it. It unpacks an
archive that the user fetched by hand, and turns a failed download into a helpful error.

The trap: torchvision, and with it torch, must be imported inside the functions that read. Importing
them takes seconds, and Snakemake imports this package each time it parses the workflow.
"""

import http.client
import socket
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mnbench.datasets.images import Images
from mnbench.datasets.registry import DATASETS
from mnbench.errors import UserError

TIMEOUT_SECONDS = 30.0  # without an answer; torchvision itself would wait forever


@dataclass(frozen=True)
class Source:
    """Where a data set's files come from, and how they are named under the data root."""

    name: str  # in the registry
    torchvision: str  # torchvision's class
    address: str  # the upstream folder of the downloads
    downloads: tuple[str, ...]  # file names at the address, and under the data root
    files: tuple[str, ...]  # the files that are read, relative to the data root

    @property
    def archives(self) -> bool:
        """Whether the downloads are archives, which must be unpacked."""
        return self.downloads != self.files

    def remedy(self, root: Path) -> str:
        """Return a sentence with the three ways to get the files."""
        files = str(Path(self.files[0]).parent) + "/" if self.archives else " and ".join(self.files)
        addresses = " and ".join(self.address + name for name in self.downloads)
        title = DATASETS[self.name].title
        return (
            f"three ways to get {title}: (1) set `data.download: true` in the configuration; "
            f"(2) fetch {addresses} yourself into {root}; "
            f"(3) point `data.root` at a folder that has {files}"
        )


_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_SVHN = ("train_32x32.mat", "test_32x32.mat")
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "cifar10": Source(
            "cifar10",
            "CIFAR10",
            _CIFAR,
            ("cifar-10-python.tar.gz",),
            tuple(
                f"cifar-10-batches-py/{name}"
                for name in (
                    *(f"data_batch_{i}" for i in range(1, 6)),
                    "test_batch",
                    "batches.meta",
                )
            ),
        ),
        "cifar100": Source(
            "cifar100",
            "CIFAR100",
            _CIFAR,
            ("cifar-100-python.tar.gz",),
            tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta")),
        ),
        "svhn": Source("svhn", "SVHN", "http://ufldl.stanford.edu/housenumbers/", _SVHN, _SVHN),
    }
)


@dataclass(frozen=True)
class _Download:
    """A file to download, and the files that can be read from it."""

    url: str
    name: str
    md5: str
    files: Mapping[str, str]  # path relative to the data root: MD5


def check_downloaded(source: Source, root: Path, download: bool) -> Path:
    """Check that the files are present, or may be downloaded, without reading them.

    Returns:
        The data root, with "~" expanded.

    Raises:
        UserError: the data root is no folder, or a file is missing and must not be downloaded.
    """
    try:
        folder = root.expanduser()
        if problem := _missing(source, folder, download):
            raise UserError(f"{problem}; {source.remedy(folder)}")
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, no home, no permission
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"{root}: key 'data.root': cannot be read ({reason}); {source.remedy(root)}"
        ) from None
    return folder


def _missing(source: Source, root: Path, download: bool) -> str | None:
    """Say what is missing of a data set that must not be downloaded."""
    if root.exists() and not root.is_dir():
        return f"{root}: key 'data.root': not a folder"
    if download or all((root / name).is_file() for name in source.downloads):
        return None
    if not root.exists():
        return f"{root}: key 'data.root': no such folder"
    missing = [name for name in source.files if not (root / name).is_file()]
    return f"{root / missing[0]}: missing" if missing else None


def load_downloaded(source: Source, part: str, root: Path, download: bool) -> Images:
    """Read one part of a data set, downloading or unpacking it first if necessary.

    Args:
        source: the data set.
        part: "train" or "test".
        root: the folder of the data sets.
        download: whether files that are missing or altered may be downloaded into *root*.

    Raises:
        UserError: a file is missing, truncated or altered, or could not be downloaded.
    """
    import torchvision.datasets

    root = check_downloaded(source, root, download)
    reader = getattr(torchvision.datasets, source.torchvision)
    # CIFAR's files are pickles: nothing may open them before their MD5 sums were checked.
    _ensure(source, _download_of(reader, part), root, download)
    if source.archives:
        data = reader(root, train=part == "train")
        return _images(data.data.transpose(0, 3, 1, 2), data.targets)
    data = reader(root, split=part)
    return _images(data.data, data.labels)


def _images(images: np.ndarray, labels: object) -> Images:
    return Images(np.ascontiguousarray(images, np.uint8), np.asarray(labels, np.int64))


def _download_of(reader: Any, part: str) -> _Download:
    """Collect what torchvision's class, *reader*, knows about its files."""
    if hasattr(reader, "split_list"):
        url, name, md5 = reader.split_list[part]
        return _Download(url, name, md5, {name: md5})
    # torchvision reads none of CIFAR's files unless all of them are right.
    sums = (*reader.train_list, *reader.test_list, (reader.meta["filename"], reader.meta["md5"]))
    files = {f"{reader.base_folder}/{name}": md5 for name, md5 in sums}
    return _Download(reader.url, reader.filename, reader.tgz_md5, files)


def _ensure(source: Source, wanted: _Download, root: Path, download: bool) -> None:
    """Download or unpack the wanted files, unless they are present with the right content.

    Raises:
        UserError: they cannot be had.
    """
    from torchvision.datasets.utils import check_integrity, download_url, extract_archive

    wrong = _first_wrong(root, wanted.files)
    if wrong is None:
        return
    packed = root / wanted.name
    try:
        if not check_integrity(packed, wanted.md5):
            if not download:
                wrong = _first_wrong(root, {wanted.name: wanted.md5}) if packed.exists() else wrong
                raise UserError(f"{wrong}; {source.remedy(root)}")
            with _network_timeout(TIMEOUT_SECONDS):
                download_url(wanted.url, root, wanted.name, wanted.md5)
        if source.archives:
            extract_archive(packed, root)
    except (
        OSError,
        RuntimeError,
        ValueError,
        http.client.HTTPException,
        tarfile.TarError,
    ) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UserError(
            f"{packed}: could not be downloaded or unpacked ({reason}); {source.remedy(root)}"
        ) from error
    if wrong := _first_wrong(root, wanted.files):
        raise UserError(f"{wrong}; {source.remedy(root)}")


def _first_wrong(root: Path, files: Mapping[str, str]) -> str | None:
    """Name the first file that is missing or altered; return None if all are right."""
    from torchvision.datasets.utils import calculate_md5

    for name, md5 in files.items():
        path = root / name
        try:
            if not path.is_file():
                return f"{path}: missing"
            if (digest := calculate_md5(path)) != md5:
                return f"{path}: truncated or altered (MD5 is {digest}, want {md5})"
        except OSError as error:
            return f"{path}: not readable ({error.strerror})"
    return None


@contextmanager
def _network_timeout(seconds: float) -> Iterator[None]:
    """Set a timeout for sockets, since torchvision's download has no parameter for it."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
