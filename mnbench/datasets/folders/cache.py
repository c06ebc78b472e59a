"""The images of a folder in one file, made once and valid as long as the folder's content is.

It lies in ``results/.cache/<name>-<hash of its keys>/``: one array of all images, and a sealed note
of what it is made of. ``results`` is where all that mnbench makes lies; below no study of it, since
studies share images; and it can be written to, which a folder of data often cannot. It may be
deleted at any time, and copied to another machine with the folder: it is valid wherever the files'
bytes are the same. Their names, sizes and times are compared at every look, their bytes only if one
of these has changed. The file's own checksum is compared when its images are read.

Open it when images are read again that were read before. The trap: a file that was changed within
the clock's own step before the look may change again without a trace; its look is not relied on.
"""

import hashlib
import json
import sys
import time
import warnings
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from mnbench.datasets.folders.content import FolderContent, read_content, read_image_file
from mnbench.datasets.folders.decoding import AnotherSize, NotAnImage, decode
from mnbench.datasets.folders.description import ImageFolder
from mnbench.datasets.folders.listing import Listing, list_images, quoted, them
from mnbench.datasets.images import Images
from mnbench.datasets.npz import read_arrays, write_arrays
from mnbench.errors import UserError
from mnbench.files import only_a_file, remains, sha256, write_text
from mnbench.locks import held

CACHE = Path("results/.cache")  # below the working directory
CACHE_FORMAT = 2
ATTEMPTS = 3  # to read a file that another process replaces meanwhile
SETTLED_NANOSECONDS = 2 * 10**9  # the coarsest step of a file system's clock
_IMAGES, _NOTE, _LOCK = "images.npz", "note.json", "lock"


@dataclass(frozen=True)
class FolderNote:
    """What is known of a folder whose images are in the cache."""

    format: int
    fingerprint: str  # of the files' names, sizes and times; "" if these were too new to rely on
    identity: str  # of their content
    classes: tuple[str, ...]
    train_counts: tuple[int, ...]  # images by class
    test_counts: tuple[int, ...]
    converted: dict[str, int]  # in words what was done, and to how many images
    left_out: int  # files whose names are of no image
    bytes: int  # of the file of images
    checksum: str  # SHA-256 of it
    seal: str = ""  # SHA-256 of all of this but itself: counts decide what is a test image

    @property
    def sealed(self) -> "FolderNote":
        """The note with its seal."""
        values = asdict(replace(self, seal=""))
        text = json.dumps(values, sort_keys=True)
        return replace(self, seal=hashlib.sha256(text.encode()).hexdigest())

    @property
    def train_images(self) -> int:
        """Number of images to train on, before any are held out."""
        return sum(self.train_counts)

    @property
    def test_images(self) -> int:
        """Number of images to test on."""
        return sum(self.test_counts)


def look_at(description: ImageFolder) -> FolderNote:
    """Return what a folder holds; its files are read if there is no valid cache of them.

    Raises:
        UserError: a file of the folder is refused, or the cache cannot be written.
    """
    return _valid(description, list_images(description), thorough=False)


def read_folder(description: ImageFolder, part: str, identity: str) -> Images:
    """Return the images of one part of a folder.

    Args:
        description: of the folder.
        part: "train" or "test".
        identity: what its content must be, as a plan has it.

    Raises:
        UserError: the folder has changed, a file is refused, or the cache cannot be written.
    """
    file = _place(description) / _IMAGES
    for _ in range(ATTEMPTS):
        note = _valid(description, list_images(description), thorough=True)
        if note.identity != identity:
            raise UserError(
                description.mistake(
                    "folder",
                    f"{description.folder}: has changed since the study was planned; run snakemake "
                    "again",
                )
            )
        arrays = read_arrays(file, images=(np.uint8, 4), labels=(np.int64, 1))
        # Behind the reading: what another process has put there meanwhile is not this note's.
        if sha256(file) == note.checksum:
            break
    else:
        raise UserError(f"{file}: is altered again and again; delete {file.parent} and run again")
    train = slice(note.train_images) if part == "train" else slice(note.train_images, None)
    # A copy: the other part need not stay in memory.
    return Images(arrays["images"][train].copy(), arrays["labels"][train].copy())


def _place(description: ImageFolder) -> Path:
    # With the folder, as it is written: another of this name does not displace it.
    keys = json.dumps({**description.decisive, "folder": description.folder}, sort_keys=True)
    return CACHE / f"{description.name}-{hashlib.sha256(keys.encode()).hexdigest()[:8]}"


def _valid(description: ImageFolder, listing: Listing, *, thorough: bool) -> FolderNote:
    """Return the note of a valid cache, which is made if there is none.

    Args:
        description: of the folder.
        listing: of its files as they are now.
        thorough: whether the file of images is compared with its checksum.
    """
    folder = _place(description)
    if CACHE.exists() and not CACHE.is_dir():
        raise UserError(f"{CACHE}: is no folder; remove it, since images are kept there")
    for name in (_NOTE, _IMAGES, _LOCK):
        only_a_file(folder / name)
    note = _read_note(folder, thorough)
    if note and note.fingerprint == listing.fingerprint:
        return note

    def waiting(process: str) -> None:
        _say(f"'{description.name}' is being read by process {process}; waiting for it")

    with held(folder / _LOCK, waiting):
        note = _read_note(folder, thorough)  # another process may have made it meanwhile
        if note and note.fingerprint == listing.fingerprint:
            return note
        now = time.time_ns()
        listing = list_images(description)
        settled = listing.newest < now - SETTLED_NANOSECONDS
        fingerprint = listing.fingerprint if settled else ""
        _say(f"reading the {len(listing.files):,} images of '{description.name}'")
        content = read_content(description, listing)
        if note and note.identity == content.identity:
            note = replace(note, fingerprint=fingerprint).sealed
        else:
            note = _make(description, listing, content, fingerprint, folder)
        write_text(folder / _NOTE, json.dumps(asdict(note), indent=2) + "\n")
    return note


def _say(text: str) -> None:
    print(f"mnbench: {text}", file=sys.stderr, flush=True)


def _read_note(folder: Path, thorough: bool) -> FolderNote | None:
    """Return the note of a cache that is whole, as far as can be told, or None."""
    file = folder / _IMAGES
    try:
        text = (folder / _NOTE).read_text(encoding="utf-8")
        note = TypeAdapter(FolderNote).validate_json(text)
        if note.format != CACHE_FORMAT or file.stat().st_size != note.bytes:
            return None
        if note.sealed != note:
            _say(f"{folder / _NOTE}: altered since it was written; it is made again")
            return None
        if thorough and sha256(file) != note.checksum:
            _say(f"{file}: altered since it was written; it is made again")
            return None
    except (OSError, ValueError):  # the second is pydantic's as well
        return None
    return note


def _make(
    description: ImageFolder,
    listing: Listing,
    content: FolderContent,
    fingerprint: str,
    folder: Path,
) -> FolderNote:
    """Decode a folder's images, and write them: those to train on first, then those to test on."""
    order = np.argsort(content.test, kind="stable")
    images, converted = _decoded(description, listing, content, order)
    labels = np.array(listing.labels, np.int64)[order]
    for unfinished in remains(folder / _IMAGES):  # of a process that was killed; the lock is ours
        unfinished.unlink(missing_ok=True)
    write_arrays(folder / _IMAGES, images=images, labels=labels)
    counts = [
        tuple(np.bincount(part, minlength=len(listing.classes)).tolist())
        for part in np.split(labels, [int((~content.test).sum())])
    ]
    return FolderNote(
        format=CACHE_FORMAT,
        fingerprint=fingerprint,
        identity=content.identity,
        classes=listing.classes,
        train_counts=counts[0],
        test_counts=counts[1],
        converted=dict(converted),
        left_out=len(listing.left_out),
        bytes=(folder / _IMAGES).stat().st_size,
        checksum=sha256(folder / _IMAGES),
    ).sealed


def _decoded(
    description: ImageFolder, listing: Listing, content: FolderContent, order: np.ndarray
) -> tuple[np.ndarray, Counter[str]]:
    """Return all images in an order, uint8 ``(n, channels, height, width)``.

    Raises:
        UserError: some cannot be decoded, or are of another size; all are counted.
    """
    root = Path(description.folder).expanduser()
    images = _room(description, len(order))
    converted: Counter[str] = Counter()
    faults, sizes = [], []
    for position, number in enumerate(order):
        file = listing.files[number]
        try:
            read = read_image_file(root, file.path)
            if hashlib.sha256(read).hexdigest() != content.digests[number]:
                raise NotAnImage("has changed while the folder was read")
            with warnings.catch_warnings(action="ignore"):  # of files that are refused or sound
                images[position], done = decode(read, description)
        except AnotherSize as error:
            sizes.append(f"{file.path} {error}")
        except NotAnImage as error:
            faults.append(f"{file.path}: {error}")
        except OSError as error:
            faults.append(f"{file.path}: cannot be read ({error.strerror})")
        else:
            converted.update(done)
    if faults:
        raise UserError(
            description.mistake(
                "folder",
                f"{root}: {len(faults):,} of {len(order):,} files are refused: {quoted(faults)}; "
                f"mend or remove {them(faults)}",
            )
        )
    if sizes:
        size = description.image_size
        raise UserError(
            description.mistake(
                "image_size",
                f"{root}: {len(sizes):,} of {len(order):,} images are not of {size} x {size} "
                f"pixels: {min(sizes)}; give their size, or 'resize: true'",
            )
        )
    return images, converted


def _room(description: ImageFolder, number: int) -> np.ndarray:
    """Return an array for so many images, if the memory has room for them and a copy."""
    import psutil

    shape = (number, *description.shape)
    needed, free = 2 * int(np.prod(shape, dtype=np.int64)), psutil.virtual_memory().available
    if needed > free:
        raise UserError(
            description.mistake(
                "image_size",
                f"{number:,} images of {description.image_size} pixels take "
                f"{needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; give a "
                "smaller size, or fewer images",
            )
        )
    return np.empty(shape, np.uint8)


def summary_of(note: FolderNote) -> list[str]:
    """Return in words, a line each, what was converted and left out."""
    lines = [
        f"{words}: {number:,} image{'s' * (number != 1)}"
        for words, number in note.converted.items()
    ]
    if note.left_out:
        files = f"{note.left_out:,} file{'s' * (note.left_out != 1)}"
        lines.append(f"left out, since their suffix is no image's: {files}")
    return lines
