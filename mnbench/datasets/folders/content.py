"""Read the files of a folder, without decoding any: what they are, and which are alike.

Open it when a file is refused as mislabelled, or to change how test images are drawn. They are
drawn by the files' own hashes: so neither names nor the order of a file system matter, and a
further image moves few others. The trap: files of the same bytes must not be divided, or a network
would be tested on what it was trained on.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnbench.datasets.folders.description import ImageFolder
from mnbench.datasets.folders.listing import Listing, quoted, them
from mnbench.datasets.split import apportion
from mnbench.errors import UserError


@dataclass(frozen=True, eq=False)  # comparing arrays with == gives no truth value
class FolderContent:
    """What the files of a listing are, in its order."""

    digests: tuple[str, ...]  # SHA-256 of each file
    test: np.ndarray  # bool (n,): whether an image is for testing
    identity: str  # of all that decides the images, 64 hexadecimal digits


def read_content(description: ImageFolder, listing: Listing) -> FolderContent:
    """Read every file of a folder once.

    Raises:
        UserError: a file cannot be read; the same bytes are in two classes or in both parts; or a
            class is too small to be divided.
    """
    digests = _digests(description, listing)
    _check_duplicates(description, listing, digests)
    identity = hashlib.sha256(json.dumps(description.decisive, sort_keys=True).encode())
    for file, digest in zip(listing.files, digests, strict=True):
        identity.update(f"{file.path}\0{digest}\0".encode(errors="surrogateescape"))
    if isinstance(description.test, str):
        test = np.array([file.test for file in listing.files])
    else:
        test = _drawn(description, description.test, listing, digests)
    return FolderContent(digests, test, identity.hexdigest())


def read_image_file(root: Path, path: str) -> bytes:
    """Return the bytes of one file of a folder.

    Raises:
        OSError: it cannot be read.
    """
    return (root / path).read_bytes()


def _digests(description: ImageFolder, listing: Listing) -> tuple[str, ...]:
    root, digests, faults = Path(description.folder).expanduser(), [], []
    for file in listing.files:
        try:
            digests.append(hashlib.sha256(read_image_file(root, file.path)).hexdigest())
        except OSError as error:
            faults.append(f"{file.path}: cannot be read ({error.strerror})")
    if faults:
        raise UserError(
            description.mistake(
                "folder",
                f"{root}: {_count(faults, listing)}: {quoted(faults)}; mend or remove "
                f"{them(faults)}",
            )
        )
    return tuple(digests)


def _count(faults: Sequence[str], listing: Listing) -> str:
    return f"{len(faults):,} of {len(listing.files):,} files"


def _check_duplicates(description: ImageFolder, listing: Listing, digests: tuple[str, ...]) -> None:
    """Refuse the same bytes in two classes, of which one is wrong, or in both parts."""
    known: dict[str, int] = {}
    faults = []
    for number, (file, digest) in enumerate(zip(listing.files, digests, strict=True)):
        same = listing.files[known.setdefault(digest, number)]
        if same.class_name != file.class_name:
            faults.append(f"{same.path} and {file.path} are the same image in two classes")
        elif same.test != file.test:
            faults.append(f"{same.path} and {file.path} are the same image to train and to test on")
    if faults:
        raise UserError(
            description.mistake(
                "folder",
                f"{description.folder}: {_count(faults, listing)} are mislabelled: "
                f"{quoted(faults)}; remove one of each two",
            )
        )


def _drawn(
    description: ImageFolder, fraction: float, listing: Listing, digests: tuple[str, ...]
) -> np.ndarray:
    """Return which images are for testing: of each class its share, those of the first hashes.

    Raises:
        UserError: of a class no image would be left to train or to test on.
    """
    labels = np.array(listing.labels)
    counts = np.bincount(labels, minlength=len(listing.classes))
    shares = apportion(round(fraction * len(labels)), counts)
    test = np.zeros(len(labels), bool)
    for label, share in enumerate(shares):
        ordered = sorted(np.flatnonzero(labels == label), key=lambda number: digests[number])
        cut = int(share)
        while 0 < cut < len(ordered) and digests[ordered[cut]] == digests[ordered[cut - 1]]:
            cut += 1
        if not 0 < cut < len(ordered):
            raise UserError(
                description.mistake(
                    "test",
                    f"{fraction:g} leaves the class '{listing.classes[label]}' of "
                    f"{len({digests[number] for number in ordered})} different images none to "
                    f"{'train' if cut else 'test'} on; give another fraction or more images",
                )
            )
        test[ordered[:cut]] = True
    return test
