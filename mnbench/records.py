"""Records: what one training leaves behind, and the contract that every approach meets.

A record is a directory of four files:

====================  ==========================================================================
``record.json``       what was trained, how, from which parents, at what cost (:class:`Record`)
``history.csv``       one row an epoch (:data:`HISTORY_COLUMNS`)
``predictions.npz``   ``{validation,test}_logits`` float32 ``(networks, images, classes)`` and
                      ``{validation,test}_labels`` int64 ``(images,)``
``weights.safetensors``  the parameters and buffers of the networks; never pickle
====================  ==========================================================================

``record.json`` may hold the other files' checksums; a file that was altered since, or comes from
another record, is then refused.

A record usually holds one network. Networks that were trained jointly, and whose cost can therefore
not be told apart, share a record (TreeNets). Whatever program wrote it, a directory that
:func:`read_record` and :func:`read_predictions` accept can be compared with the others.

This module knows no torch: evaluation and figures work from records alone.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from mnbench.errors import UserError

FORMAT = 2
RETRAIN = "delete the record's folder to train it again"
RECORD, HISTORY, PREDICTIONS, WEIGHTS = FILES = (
    "record.json",
    "history.csv",
    "predictions.npz",
    "weights.safetensors",
)

HISTORY_COLUMNS = (
    "epoch",  # 1-based, counted within this record
    "phase",  # "scratch", "mothernet", "hatched", "distilled", "joint" or "cycle"
    "learning_rate",  # at the epoch's last step
    "train_loss",  # mean over the epoch's examples of the loss that was minimised
    "train_accuracy",  # of the predictions made while training, fraction
    "validation_loss",  # mean negative log-likelihood (nats), mean over the record's networks
    "validation_accuracy",  # fraction, mean over the record's networks
    "examples",  # this epoch's own work, as are the four columns below
    "flops",
    "device_seconds",
    "cpu_seconds",
    "device_share",  # the fraction of the device that the job had, as far as could be seen
)
LEAST_SHARE = 0.9  # of its device over a training; with less its seconds are no timing


@dataclass(frozen=True)
class Cost:
    """The training work that one record bills: its own only, never its parents'.

    Start-up, data loading from disk, compilation, evaluation and prediction are not training and
    are not billed.
    """

    epochs: float = 0.0  # passes over the training set (a joint training's networks share one)
    examples: int = 0  # training examples seen
    flops: int = 0  # floating-point operations of training, by formula (mnbench.architectures)
    device_seconds: float = 0.0  # wall time that the training steps held the device
    cpu_seconds: float = 0.0  # process CPU time of the training steps
    peak_memory_bytes: int = 0  # of the whole job: device memory on a GPU, else resident memory
    shared_device: bool = False  # another job used the device too: the seconds are no timing

    def __add__(self, other: "Cost") -> "Cost":
        """Add the work; peak memory is the larger, since the jobs need not run together."""
        total = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        total["peak_memory_bytes"] = max(self.peak_memory_bytes, other.peak_memory_bytes)
        total["shared_device"] = self.shared_device or other.shared_device
        return Cost(**total)


@dataclass(frozen=True)
class Record:
    """The content of ``record.json``."""

    id: str  # "{dataset}/{ensemble}/seed{seed}/{approach}/{name}", the path below records/
    approach: str  # the approach whose module trained it
    role: str  # "member" or "mothernet"
    networks: tuple[dict[str, Any], ...]  # {"name", "id", "parameters", "architecture"} each
    dataset: str
    seed: int  # the seed that the training's generators were given
    recipe: dict[str, Any]
    recipe_hash: str  # hash of everything that decides this training: the rerun trigger
    parents: tuple[str, ...]  # ids of the records that this training started from
    cost: Cost
    environment: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)  # what only this approach measures
    checksums: dict[str, str] = field(default_factory=dict)  # SHA-256 of the other files, by name
    format: int = FORMAT

    def write(self, directory: Path) -> None:
        """Write ``record.json`` into *directory*."""
        text = json.dumps(asdict(self), indent=2) + "\n"
        (directory / RECORD).write_text(text)


def read_record(directory: Path) -> Record:
    """Read ``record.json``.

    Raises:
        UserError: the file is missing, is no JSON, or lacks a key.
    """
    path = directory / RECORD
    try:
        data = json.loads(path.read_text())
        if data["format"] != FORMAT:
            raise UserError(
                f"{path}: key 'format': {data['format']} was written by another version of mnbench "
                f"(this one reads {FORMAT}); {RETRAIN}"
            )
        data["cost"] = Cost(**data["cost"])
        return Record(
            **data | {"networks": tuple(data["networks"]), "parents": tuple(data["parents"])}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a readable record ({_reason(error)}); {RETRAIN}") from error


def checksums(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of the files beside ``record.json``, by name."""
    return {name: _checksum(directory / name) for name in FILES if name != RECORD}


def check_file(directory: Path, record: Record, name: str) -> None:
    """Refuse a record's file that is not the one that the record was written with.

    Raises:
        UserError: the file is missing, or its checksum is another than in ``record.json``.
    """
    path = directory / name
    try:
        found = _checksum(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)}); {RETRAIN}") from error
    if record.checksums.get(name, found) != found:
        raise UserError(
            f"{path}: is not the file that this record was written with (key 'checksums' of "
            f"{RECORD}): altered, or of another record; {RETRAIN}"
        )


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_predictions(directory: Path, **arrays: np.ndarray) -> None:
    """Write ``predictions.npz`` from ``{validation,test}_{logits,labels}`` (see the module)."""
    with (directory / PREDICTIONS).open("wb") as file:
        np.savez(file, **arrays)


@dataclass(frozen=True)
class Predictions:
    """What a record's networks answered on one split."""

    logits: np.ndarray  # float32 (networks, images, classes)
    labels: np.ndarray  # int64 (images,)


def read_predictions(directory: Path, split: str) -> Predictions:
    """Read the predictions on *split* ("validation" or "test").

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
        with np.load(path, allow_pickle=False) as arrays:
            return tuple(arrays[key] for key in keys)
    except Exception as error:  # np.load raises zipfile, OS, value and key errors alike
        raise UserError(
            f"{path}: not readable predictions ({_reason(error)}); {RETRAIN}"
        ) from error


def write_history(directory: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``history.csv``, one row an epoch."""
    with (directory / HISTORY).open("w", newline="") as file:
        writer = csv.DictWriter(file, HISTORY_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def lineage_of(ids: Iterable[str], parents: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return *ids* and all their ancestors, each once, ancestors first.

    Args:
        ids: record ids.
        parents: the parents of every record.
    """
    found: dict[str, None] = {}

    def visit(record: str) -> None:
        if record not in found:
            for parent in parents[record]:
                visit(parent)
            found[record] = None

    for record in ids:
        visit(record)
    return tuple(found)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
