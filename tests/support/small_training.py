"""The training of a small network, as the tests of the loop run it."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from support.tiny import DATASET
from torch import nn

from mnbench.architectures import Architecture, Layer, Plain, Stem, build
from mnbench.planning.recipe import Augmentation, Recipe
from mnbench.records.paths import StudyPaths
from mnbench.records.record import Cost
from mnbench.training.data import TrainingSet
from mnbench.training.loop import Row, Work, fit

SMALL = Architecture(
    blocks=(Plain((Layer(8), Layer(8))), Plain((Layer(16),))), stem=Stem(4), name="small"
)
QUICK = Recipe(epochs=3, batch_size=64, augmentation=Augmentation(shift=1, flip=True))
MEASURED = ("device_seconds", "cpu_seconds", "device_share")
Result = tuple[nn.Module, list[Row], Cost]

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


def training_set(prepared: StudyPaths, device: str = "cpu") -> TrainingSet:
    """Return the tiny study's training and validation images on a device."""
    return TrainingSet.read(prepared.train_data(DATASET), torch.device(device))


def new_network(seed: int = 0) -> nn.Module:
    """Return a small network, its weights drawn from *seed*."""
    torch.manual_seed(seed)
    return build(SMALL, in_channels=1, num_classes=10)


def train(data: TrainingSet, recipe: Recipe = QUICK, **options: Any) -> Result:
    """Train a new small network; return it, its history and its cost."""
    network = new_network().to(data.train.labels.device)
    options = {"seed": 0, "work": Work(1), "phase": "scratch"} | options
    history, cost = fit(network, data, recipe, **options)
    return network, history, cost


def outcome(result: Result) -> tuple[dict[str, Any], list[Row]]:
    """Return all of a training that its seed decides, comparable with ==."""
    network, history, _ = result
    weights = {key: value.tolist() for key, value in network.state_dict().items()}
    return weights, [{k: v for k, v in row.items() if k not in MEASURED} for row in history]


class Interruption(Exception):
    """Stands for the end of the process."""


def interrupt_at(epoch: int) -> Callable[[Row, float], None]:
    """Return a report that interrupts a training after an epoch, before its checkpoint."""

    def report(row: Row, seconds_left: float) -> None:
        if row["epoch"] == epoch:
            raise Interruption

    return report


def train_with_dropout(data: TrainingSet, **options: Any) -> tuple[torch.Tensor, Cost]:
    """The trained weights and the cost of a network that draws from torch's global generator."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(28 * 28, 10))
    network.to(data.train.labels.device)
    _, cost = fit(network, data, QUICK, seed=0, work=Work(1), phase="scratch", **options)
    return network[2].weight, cost
