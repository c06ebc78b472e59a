"""Reading what the tiny study's trainings left, by "approach/name"."""

import pytest
import torch
from safetensors.torch import load_file
from support.tiny import id_of

from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.record import HISTORY, WEIGHTS, Record, read_record

SHAPE = {"in_channels": 1, "num_classes": 10}
LARGEST = "v16b"  # of v5-small


def record_of(paths: StudyPaths, name: str) -> Record:
    """Return the record of a training."""
    return read_record(paths.record(id_of(paths, name)))


def weights_of(paths: StudyPaths, name: str) -> dict[str, torch.Tensor]:
    """Return the weights in the record of a training, by name."""
    return load_file(paths.record(id_of(paths, name)) / WEIGHTS)


def history_of(paths: StudyPaths, id: TrainingId) -> list[list[str]]:
    """Return the rows of ``history.csv`` without what is measured, its three last columns."""
    lines = (paths.record(id) / HISTORY).read_text(encoding="utf-8").splitlines()
    return [line.split(",")[:-3] for line in lines]


def one_line(caught: pytest.ExceptionInfo) -> str:
    """Return the message of an exception, which must be one line."""
    text = str(caught.value)
    assert "\n" not in text
    return text
