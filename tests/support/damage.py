"""Ways in which a file is spoiled by a disk, a copy or a hand."""

import random
from collections.abc import Callable
from pathlib import Path


def _truncated(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _emptied(file: Path, other: Path) -> None:
    file.write_bytes(b"")


def _bit_flipped(file: Path, other: Path) -> None:
    content = bytearray(file.read_bytes())
    place = random.Random(f"{file.name}{len(content)}").randrange(len(content))
    content[place] ^= 1 << place % 8
    file.write_bytes(content)


def _swapped(file: Path, other: Path) -> None:
    mine, theirs = file.read_bytes(), other.read_bytes()
    file.write_bytes(theirs)
    other.write_bytes(mine)


def _deleted(file: Path, other: Path) -> None:
    file.unlink()


def _lengthened(file: Path, other: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"0")


def _noise(file: Path, other: Path) -> None:
    file.write_bytes(random.Random(file.name).randbytes(file.stat().st_size))


def _a_folder(file: Path, other: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def _a_link_to_nothing(file: Path, other: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


# Each is a function of the file, and of another one of its kind, which "swapped" spoils too.
DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "truncated": _truncated,
    "emptied": _emptied,
    "bit flipped": _bit_flipped,
    "swapped with another's": _swapped,
    "deleted": _deleted,
    "lengthened": _lengthened,
    "random bytes": _noise,
    "a folder in its place": _a_folder,
    "a link to nothing": _a_link_to_nothing,
}
