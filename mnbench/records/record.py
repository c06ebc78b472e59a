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
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from mnbench.errors import UserError, requirement

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
# Of the device, over all trainings billed: with less their seconds are no timing. Beside Snakemake
# itself a job keeps 0.8 to 0.98 of its core; beside one other job too many, two thirds or less.
LEAST_SHARE = 0.75


_CHECKED = ConfigDict(extra="forbid")  # when a record is read


@dataclass(frozen=True)
class Cost:
    """The training work that one record bills: its own only, never its parents'.

    Start-up, data loading from disk, compilation, evaluation and prediction are not training and
    are not billed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CHECKED

    epochs: float = 0.0  # passes over the training set (a joint training's networks share one)
    examples: int = 0  # training examples seen
    flops: int = 0  # floating-point operations of training, by formula (mnbench.architectures)
    device_seconds: float = 0.0  # wall time that the training steps held the device
    cpu_seconds: float = 0.0  # process CPU time of the training steps
    peak_memory_bytes: int = 0  # of the whole job: device memory on a GPU, else resident memory
    held_seconds: float = 0.0  # of the device-seconds, times the share of the device that was had

    @property
    def shared_device(self) -> bool:
        """Whether other jobs had so much of the device that the seconds are no timing."""
        return self.held_seconds < LEAST_SHARE * self.device_seconds

    def __add__(self, other: "Cost") -> "Cost":
        """Add the work; peak memory is the larger, since the jobs need not run together."""
        total = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        total["peak_memory_bytes"] = max(self.peak_memory_bytes, other.peak_memory_bytes)
        return Cost(**total)


@dataclass(frozen=True)
class Record:
    """The content of ``record.json``."""

    __pydantic_config__: ClassVar[ConfigDict] = _CHECKED

    id: str  # "{dataset}/{architecture_set}/seed{seed}/{approach}/{name}", the path below records/
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


_RECORD = TypeAdapter(Record)


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
        record = _RECORD.validate_python(data)
        _check(record)
        return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a readable record ({_reason(error)}); {RETRAIN}") from error


def _check(record: Record) -> None:
    """Refuse what has the right types and still cannot be."""
    for name, value in asdict(record.cost).items():
        if not 0 <= value < math.inf:
            raise ValueError(f"key 'cost.{name}': must be a number from 0, got {value}")
    for network in record.networks:
        if missing := {"name", "id", "architecture"} - set(network):
            raise ValueError(f"key 'networks': '{min(missing)}' is missing")


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
    if isinstance(error, ValidationError):  # its text is many lines: the first finding will do
        first = error.errors()[0]
        return f"key '{'.'.join(map(str, first['loc']))}': {requirement(first)}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
