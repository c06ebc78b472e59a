"""Find the images of a folder and their classes, without reading any of them.

Open it when a file is left out or refused by its name. The order of files is that of their classes'
names and then of their own, character by character: the same on every file system. The trap: links
are followed wherever they lead, since image folders are often made of links to a larger one.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnbench.datasets.folders.description import TRAIN_FOLDER, ImageFolder
from mnbench.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# Files of these would be missed as images, and not as somebody's notes.
OTHER_IMAGES = (
    *(".gif", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".heic", ".heif", ".avif", ".jp2", ".svg"),
    *(".jfif", ".jxl", ".tga", ".exr"),
)
LISTED = 3  # of what is wrong, as an error quotes it


@dataclass(frozen=True, order=True)
class ImageFile:
    """A file as the file system describes it."""

    test: bool  # of the test part; False as well where the files are yet to be divided
    class_name: str
    path: str  # relative to the folder, with "/"
    size: int  # bytes
    modified: int  # nanoseconds


@dataclass(frozen=True)
class Listing:
    """The images of a folder by part, class and name, and what was left out."""

    classes: tuple[str, ...]  # sorted: a class's position is its label
    files: tuple[ImageFile, ...]
    left_out: tuple[str, ...]  # paths of files whose names are of no image

    @property
    def labels(self) -> list[int]:
        """The class of each file, as a position in the classes."""
        labels = {name: label for label, name in enumerate(self.classes)}
        return [labels[file.class_name] for file in self.files]

    @property
    def fingerprint(self) -> str:
        """A hash of names, sizes and times: what changes when a file does, without reading any."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(os.fsencode(f"{file.path}\0{file.size}\0{file.modified}\0"))
        return digest.hexdigest()

    @property
    def newest(self) -> int:
        """When the last of the files was changed, in nanoseconds."""
        return max(file.modified for file in self.files)


@dataclass
class _Walk:
    """What is found on the way through a folder."""

    root: Path
    files: list[ImageFile] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        """Return what a folder of the root holds, hidden entries left out, sorted by name."""
        with os.scandir(self.root / folder) as found:
            return sorted(
                (entry for entry in found if not entry.name.startswith(".")),
                key=lambda entry: entry.name,
            )

    def part(self, folder: str, *, test: bool) -> tuple[str, ...]:
        """Collect the images of a part, and return the names of its classes."""
        classes = []
        for entry in self.entries(folder):
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir():
                classes.append(entry.name)
                if not entry.name.isprintable():  # tables and figures have it
                    self.faults.append(f"{path}: has a name that is no text")
                before = len(self.files)
                self._collect(path, entry.name, test, ())
                if len(self.files) == before:
                    self.faults.append(f"{path}: has no images")
            elif entry.name.lower().endswith((*SUFFIXES, *OTHER_IMAGES)):
                self.faults.append(f"{path}: is in no class's folder")
            else:
                self.left_out.append(path)
        return tuple(classes)

    def _collect(
        self, folder: str, class_name: str, test: bool, above: tuple[tuple[int, int], ...]
    ) -> None:
        state = (self.root / folder).stat()
        if (identity := (state.st_dev, state.st_ino)) in above:
            self.faults.append(f"{folder}: is a link to a folder that it lies in")
            return
        for entry in self.entries(folder):
            path = f"{folder}/{entry.name}"
            try:
                if entry.is_dir():
                    self._collect(path, class_name, test, (*above, identity))
                    continue
                state = entry.stat()
            except OSError as error:  # a link to nowhere, for instance
                self.faults.append(f"{path}: cannot be read ({error.strerror})")
                continue
            name = entry.name.lower()
            if name.endswith(OTHER_IMAGES):
                self.faults.append(f"{path}: is of a format that is not read; make it PNG or JPEG")
            elif not name.endswith(SUFFIXES):
                self.left_out.append(path)
            elif not entry.is_file():
                self.faults.append(f"{path}: is no file")
            else:
                if not state.st_size:
                    self.faults.append(f"{path}: is empty")
                self.files.append(
                    ImageFile(test, class_name, path, state.st_size, state.st_mtime_ns)
                )


def list_images(description: ImageFolder) -> Listing:
    """Return the images of a folder, part by part, class by class, name by name.

    Raises:
        UserError: there is no such folder, or it has other folders than a data set has, or files
            that cannot be its images; names the first ones.
    """
    root = Path(description.folder)
    try:
        root = root.expanduser()
        walk = _Walk(root)
        if not root.is_dir():
            why = "is no folder" if root.exists() else "no such folder"
            raise UserError(description.mistake("folder", f"{root}: {why}; name a folder"))
        return _listing(walk, description)
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, no home, no permission
        place = getattr(error, "filename", None) or root
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            description.mistake(
                "folder", f"{os.fsdecode(place)}: cannot be read ({reason}); mend that"
            )
        ) from None


def _listing(walk: _Walk, description: ImageFolder) -> Listing:
    classes = _classes(walk, description)
    if walk.faults:
        raise UserError(
            description.mistake(
                "folder", f"{walk.root}: {quoted(walk.faults)}; mend or remove {them(walk.faults)}"
            )
        )
    if len(classes) < 2:
        have = f"one class, {classes[0]}" if classes else "no folder of a class"
        raise UserError(
            description.mistake(
                "folder", f"{walk.root}: has {have}; make a folder for each of two classes or more"
            )
        )
    return Listing(classes, tuple(sorted(walk.files)), tuple(walk.left_out))


def _classes(walk: _Walk, description: ImageFolder) -> tuple[str, ...]:
    """Collect all images and return the classes' names."""
    test = description.test
    folders = [entry.name for entry in walk.entries("") if entry.is_dir()]
    if not isinstance(test, str):
        if TRAIN_FOLDER in folders:
            raise UserError(
                description.mistake(
                    "test",
                    f"{test:g} divides the images of classes, but {walk.root} has a folder "
                    f"'{TRAIN_FOLDER}'; give the name of the folder of test images instead, or "
                    f"'folder: {walk.root / TRAIN_FOLDER}'",
                )
            )
        return walk.part("", test=False)
    for wanted in (TRAIN_FOLDER, test):
        if wanted not in folders:
            have = f"it has {', '.join(folders[:LISTED])}" if folders else "it has no folder"
            raise UserError(
                description.mistake(
                    "test",
                    f"{walk.root}: has no folder '{wanted}' ({have}); give the name of the folder "
                    f"of test images beside '{TRAIN_FOLDER}', or, where the classes' folders are "
                    "not divided, a fraction: 'test: 0.2'",
                )
            )
    trained, tested = walk.part(TRAIN_FOLDER, test=False), walk.part(test, test=True)
    for part, other, missing in (
        (TRAIN_FOLDER, test, set(trained) - set(tested)),
        (test, TRAIN_FOLDER, set(tested) - set(trained)),
    ):
        walk.faults += [
            f"{part}/{name}: is a class that {other}/ does not have" for name in sorted(missing)
        ]
    return trained


def quoted(faults: Sequence[str]) -> str:
    """Return the first of several faults in one line, and how many there are."""
    more = len(faults) - LISTED
    said = "; ".join(faults[:LISTED])
    return said if more <= 0 else f"{said}; and {more} more"


def them(faults: Sequence[str]) -> str:
    """Return the word for one fault or several."""
    return "it" if len(faults) == 1 else "them"
