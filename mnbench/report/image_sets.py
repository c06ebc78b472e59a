"""A data set for people: its classes and numbers as text, and a sheet of its images.

Open it to change what ``mnbench data`` shows. The trap: only training images are shown and
measured. Who has looked at test images may have chosen by them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnbench.datasets import Dataset, Images
from mnbench.datasets.folders.cache import FolderNote, summary_of
from mnbench.datasets.images import channel_statistics
from mnbench.figures import style

COLUMNS_OF_SHEET, ROWS_OF_SHEET = 12, 20
HEIGHT_OF_ROW = 0.53  # inches: images fill the width, so that names to their left have room
LONGEST_CLASS = 24  # characters of a class's name on the sheet
_WHITE, _GAP = 255, 2  # pixels between images


def class_names(dataset: Dataset, note: FolderNote | None) -> tuple[str, ...]:
    """Return the names of the classes, or their numbers where no folder names them."""
    return note.classes if note else tuple(f"class {n}" for n in range(dataset.num_classes))


def described(dataset: Dataset, train: Images, note: FolderNote | None) -> str:
    """Return what there is to know of a data set, as text.

    Args:
        dataset: its description.
        train: its training part, before any images are held out.
        note: of its folder, if it is one.
    """
    mean, std = channel_statistics(train)
    _, channels, height, width = train.images.shape
    facts = [
        ("images", f"{dataset.train_images:,} to train on, {dataset.test_images:,} to test on"),
        ("shape", f"{channels} x {height} x {width}, uint8"),
        ("mean", f"{_by_channel(mean)} (of the training images, from 0 to 1, by channel)"),
        ("deviation", _by_channel(std)),
    ]
    if dataset.folder is not None and note is not None:
        facts = [("folder", dataset.folder.folder), *facts, ("content", dataset.content[:16])]
        facts += [("note", line) for line in summary_of(note)]
    lines = [f"{dataset.name}: {dataset.title}"]
    lines += [f"  {name:<9}  {value}" for name, value in facts]
    return "\n".join([*lines, *_classes(dataset, train, note)])


def _by_channel(values: np.ndarray) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _classes(dataset: Dataset, train: Images, note: FolderNote | None) -> list[str]:
    """Return a line for each class; only a folder's note knows its test images by class."""
    names = class_names(dataset, note)
    counts = np.bincount(train.labels, minlength=len(names)).tolist()
    tested = [f"{number:>8,}" for number in note.test_counts] if note else [""] * len(names)
    width = max(map(len, names))
    head = f"  {'label':>9}  {'class':<{width}}  {'train':>8}  {'    test' if note else ''}"
    rows = zip(names, counts, tested, strict=True)
    return [
        head.rstrip(),
        *(
            f"  {label:>9}  {name:<{width}}  {count:>8,}  {test}".rstrip()
            for label, (name, count, test) in enumerate(rows)
        ),
    ]


def sheet(dataset: Dataset, train: Images, names: Sequence[str]) -> Figure:
    """Draw training images of each class in a row, evenly spaced over the files' order.

    Args:
        dataset: its description, for the title.
        train: its training part.
        names: of the classes.
    """
    shown = [_short(name) for name in names[:ROWS_OF_SHEET]]
    _, channels, height, width = train.images.shape
    step_down, step_right = height + _GAP, width + _GAP
    canvas = np.full(
        (len(shown) * step_down, COLUMNS_OF_SHEET * step_right, channels), _WHITE, np.uint8
    )
    for row in range(len(shown)):
        of_class = np.flatnonzero(train.labels == row)
        columns = min(COLUMNS_OF_SHEET, len(of_class))
        for column, place in enumerate(np.linspace(0, len(of_class) - 1, columns).astype(int)):
            top, left = row * step_down, column * step_right
            image = train.images[of_class[place]].transpose(1, 2, 0)
            canvas[top : top + height, left : left + width] = image
    more = "" if len(shown) == len(names) else f", the first {len(shown)} of {len(names)} classes"
    with style.styled():
        figure = style.new_figure(0.4 + HEIGHT_OF_ROW * len(shown))
        axes = figure.subplots()
        axes.imshow(canvas.squeeze(), cmap="gray", vmin=0, vmax=_WHITE, interpolation="nearest")
        # Names are somebody's own: a dollar sign in one begins no formula.
        axes.set_title(f"{dataset.title}: training images{more}", parse_math=False)
        ticks = [row * step_down + height / 2 for row in range(len(shown))]
        axes.set_yticks(ticks, shown, parse_math=False)
        axes.set_xticks([])
        axes.grid(visible=False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_CLASS else f"{name[: LONGEST_CLASS - 1]}…"


def write_sheet(dataset: Dataset, train: Images, names: Sequence[str], folder: Path) -> Path:
    """Draw :func:`sheet` into a folder, and return the file.

    Raises:
        UserError: the file cannot be written.
    """
    file = folder / f"{dataset.name}.png"
    style.save_figure(sheet(dataset, train, names), file)
    return file
