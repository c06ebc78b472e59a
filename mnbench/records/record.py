"""Records: what one training leaves behind, and the contract that every approach meets.

A record is a directory of four files:

====================  ==========================================================================
``record.json``       what was trained, how, from which parents, at what cost (:class:`Record`)
``history.csv``       one row an epoch (:data:`HISTORY_COLUMNS`)
``predictions.npz``   ``{validation,test}_logits`` float32 ``(networks, images, classes)`` and
                      ``{validation,test}_labels`` int64 ``(images,)``; ``development_...``
                      likewise, if the study has development images
``weights.safetensors``  the parameters and buffers of the networks; never pickle
====================  ==========================================================================

A training that left no network leaves a ``record.json`` of another form
(:mod:`mnbench.records.failure`). ``record.json`` may hold the other files' checksums; a file that
was altered since, or comes from another record, is then refused.

A record usually holds one network. Networks that were trained jointly share a record (TreeNets),
since their costs cannot be told apart. Any program may write records: what :func:`read_record` and
:func:`~mnbench.records.predictions.read_predictions` accept can be compared with the others.

Open it to write records from another program. The trap: a key that changes its name needs a new
:data:`FORMAT` and a line in :mod:`mnbench.records.upgrade`, or every record on disk is refused.
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, PlainValidator, TypeAdapter

from mnbench.errors import UserError
from mnbench.files import read_json, write_text
from mnbench.planning.training_id import TrainingId
from mnbench.records.failure import failure_in
from mnbench.records.refusal import RETRAIN, cannot_read, reason
from mnbench.records.upgrade import FORMER_FORMATS, with_present_keys

FORMAT = 3
RECORD, HISTORY, PREDICTIONS, WEIGHTS = FILES = (
    "record.json",
    "history.csv",
    "predictions.npz",
    "weights.safetensors",
)
KEPT_MOMENTUM = "momentum/"  # before a parameter's name, among the weights of who keeps it

HISTORY_COLUMNS = {  # meaning by name, in the order of the file
    "epoch": "number of the epoch, from 1 in each record",
    "phase": "scratch, mothernet, hatched, distilled, joint or cycle",
    "learning_rate": "learning rate at the epoch's last step",
    "train_loss": "mean over the epoch's examples of the loss that was minimised, in nats",
    "train_accuracy": "accuracy of the predictions made while training, fraction",
    "validation_loss": "negative log-likelihood of the validation images in nats, mean over the "
    "record's networks",
    "validation_accuracy": "accuracy on the validation images, fraction, mean over the record's "
    "networks",
    "examples": "training examples seen in this epoch",
    "training_flops": "floating-point operations of training in this epoch, by formula",
    "device_seconds": "wall time that this epoch's training steps held the device, seconds",
    "cpu_seconds": "process CPU time of this epoch's training steps, seconds",
    "device_share": "fraction of the device that the job had in this epoch, as far as could be "
    "seen; 0 if the training went on on another device later",
}
# With less of the device, over all trainings billed, the seconds are no timing. Beside Snakemake
# itself a job keeps 0.8 to 0.98 of its core; beside one other job too many, two thirds or less.
MINIMUM_SHARE = 0.75

_CHECKED = ConfigDict(extra="forbid")  # when a record is read
_Id = Annotated[TrainingId, PlainValidator(TrainingId.parse)]


def _means(meaning: str) -> dict[str, str]:
    """Return a field's metadata: docs/outputs.md is written from it."""
    return {"meaning": meaning}


@dataclass(frozen=True)
class Cost:
    """The training work that one record bills: its own only, never its parents'.

    Start-up, data loading from disk, compilation, evaluation and prediction are not training and
    are not billed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CHECKED

    epochs: float = field(
        default=0.0,
        metadata=_means("passes over the training set; networks trained jointly share one"),
    )
    examples: int = field(default=0, metadata=_means("training examples seen"))
    training_flops: int = field(
        default=0, metadata=_means("floating-point operations of training, by formula")
    )
    device_seconds: float = field(
        default=0.0, metadata=_means("wall time that the training steps held the device, seconds")
    )
    cpu_seconds: float = field(
        default=0.0, metadata=_means("process CPU time of the training steps, seconds")
    )
    peak_memory_bytes: int = field(
        default=0,
        metadata=_means(
            "peak memory of the whole job, bytes: device memory on a GPU, else resident memory"
        ),
    )
    held_seconds: float = field(
        default=0.0,
        metadata=_means(
            "sum over the epochs of device_seconds times device_share, seconds; 0 if a training "
            "went on on another device, so that its seconds are no timing"
        ),
    )

    repeated_examples: int = field(
        default=0,
        metadata=_means("training examples seen again after interruptions, not among examples"),
    )
    repeated_training_flops: int = field(
        default=0,
        metadata=_means(
            "floating-point operations that interruptions made necessary again, by formula, not "
            "among training_flops"
        ),
    )

    @property
    def shared_device(self) -> bool:
        """Whether other jobs had so much of the device that the seconds are no timing."""
        return self.held_seconds < MINIMUM_SHARE * self.device_seconds

    @property
    def is_of_two_devices(self) -> bool:
        """Whether the training went on on another device than it began on."""
        return self.held_seconds == 0 < self.device_seconds

    def __add__(self, other: "Cost") -> "Cost":
        """Add the work; peak memory is the maximum, since the jobs need not run together."""
        total = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        total["peak_memory_bytes"] = max(self.peak_memory_bytes, other.peak_memory_bytes)
        return Cost(**total)


@dataclass(frozen=True)
class Record:
    """The content of ``record.json``."""

    __pydantic_config__: ClassVar[ConfigDict] = _CHECKED

    id: _Id = field(
        metadata=_means(
            "the record's path below records/: "
            "{dataset}/{architecture_set}/seed{seed}/{approach}/{name}"
        )
    )
    approach: str = field(metadata=_means("approach whose module trained it"))
    role: str = field(metadata=_means("member or mothernet"))
    networks: tuple[dict[str, Any], ...] = field(
        metadata=_means(
            "the trained networks: name, id, architecture and number of parameters of each"
        )
    )
    dataset: str = field(metadata=_means("data set"))
    seed: int = field(
        metadata=_means("seed of the training's generators, derived from the study's")
    )
    recipe: dict[str, Any] = field(
        metadata=_means("the recipe, as docs/configuration.md describes its keys")
    )
    recipe_hash: str = field(
        metadata=_means("hash of everything that decides this training; another one retrains")
    )
    parents: tuple[_Id, ...] = field(
        metadata=_means("ids of the records that this training started from")
    )
    cost: Cost = field(metadata=_means("the work of this training alone, without its parents'"))
    environment: dict[str, Any] = field(
        default_factory=dict, metadata=_means("device and versions that it was trained with")
    )
    details: dict[str, Any] = field(
        default_factory=dict,
        metadata=_means(
            "what only this approach measures; of a hatched network hatching_difference (largest "
            "change of its MotherNet's logits, relative to the largest), error_before_noise and "
            "error_after_noise (validation error rates before its training, fractions)"
        ),
    )
    checksums: dict[str, str] = field(
        default_factory=dict, metadata=_means("SHA-256 of the other three files, by name")
    )
    format: int = field(default=FORMAT, metadata=_means("version of this list of keys"))

    def write(self, directory: Path) -> None:
        """Write ``record.json`` into *directory*."""
        content = asdict(self) | {"id": str(self.id), "parents": [str(id) for id in self.parents]}
        write_text(directory / RECORD, json.dumps(content, indent=2) + "\n")


_RECORD = TypeAdapter(Record)


def read_record(directory: Path) -> Record:
    """Read ``record.json``; a former format is read as if it had been written today.

    Raises:
        UserError: the file is missing, is no JSON, lacks a key, or has another format. A
            :class:`~mnbench.records.failure.TrainingFailed` if the training left no network.
    """
    return read_record_file(directory / RECORD)


def read_record_file(path: Path) -> Record:
    """Read a ``record.json`` of any name, as :func:`read_record` does, with its errors."""
    try:
        content = read_json(path)
        if failed := failure_in(content, path):
            raise failed
        if content["format"] not in (*FORMER_FORMATS, FORMAT):
            raise UserError(
                f"{path}: key 'format': {content['format']} was written by another version of "
                f"mnbench (this one reads {', '.join(map(str, (*FORMER_FORMATS, FORMAT)))}); "
                f"{RETRAIN}"
            )
        record = _RECORD.validate_python(with_present_keys(content) | {"format": FORMAT})
        _check(record)
        return record
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a readable record ({reason(error)}); {RETRAIN}") from error


def _check(record: Record) -> None:
    """Check values that have the right types and still may be impossible."""
    for name, value in asdict(record.cost).items():
        if not 0 <= value < math.inf:
            raise ValueError(f"key 'cost.{name}': must be a number from 0, got {value}")
    for network in record.networks:
        if missing := {"name", "id", "architecture"} - set(network):
            raise ValueError(f"key 'networks': '{min(missing)}' is missing")


def write_history(directory: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write ``history.csv``, one row an epoch, keys :data:`HISTORY_COLUMNS`."""
    with (directory / HISTORY).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HISTORY_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
