"""A record's predictions: the logits of its networks on each split, written and read with checks.

Open it to read what a network predicted. The trap: logits are those of each network by itself, not
averaged, and no softmax has been applied.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from mnbench.errors import UserError
from mnbench.records.record import PREDICTIONS
from mnbench.records.refusal import RETRAIN, cannot_read, reason


@dataclass(frozen=True)
class Predictions:
    """The predictions of a record's networks on one split."""

    logits: np.ndarray  # float32 (networks, images, classes)
    labels: np.ndarray  # int64 (images,)


def write_predictions(directory: Path, **arrays: np.ndarray) -> None:
    """Write ``predictions.npz`` from ``{validation,test,development}_{logits,labels}``."""
    named: dict[str, Any] = arrays  # numpy's own options are keyword arguments as well
    with (directory / PREDICTIONS).open("wb") as file:
        np.savez(file, **named)


def read_predictions(directory: Path, split: str) -> Predictions:
    """Read the predictions on *split* ("validation", "test" or "development").

    Raises:
        UserError: the file is missing or damaged, or the shapes disagree.
    """
    path = directory / PREDICTIONS
    logits, labels = _arrays(path, f"{split}_logits", f"{split}_labels")
    shapes_agree = logits.ndim == 3 and logits.shape[1:2] == labels.shape
    if logits.dtype.kind != "f" or not shapes_agree or not np.isfinite(logits).all():
        raise UserError(
            f"{path}: key '{split}_logits': want finite floats (networks, {labels.size}, classes), "
            f"got {logits.dtype} {logits.shape}; {RETRAIN}"
        )
    return Predictions(logits, labels)


def read_labels(directory: Path, split: str) -> np.ndarray:
    """Read the labels of *split* alone, ``(images,)``, without the logits.

    Raises:
        UserError: the file is missing or damaged.
    """
    (labels,) = _arrays(directory / PREDICTIONS, f"{split}_labels")
    return labels


def _arrays(path: Path, *keys: str) -> tuple[np.ndarray, ...]:
    try:
        content = BytesIO(path.read_bytes())
    except OSError as error:
        raise cannot_read(path, error) from error
    try:
        # In a file on the disk a wrong place is an error of the system, as if it could not be read.
        with np.load(content, allow_pickle=False) as arrays:
            return tuple(arrays[key] for key in keys)
    except Exception as error:  # np.load raises zipfile, value and key errors alike
        raise UserError(f"{path}: not readable predictions ({reason(error)}); {RETRAIN}") from error
