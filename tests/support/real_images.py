"""Train networks for a few steps, on a few hundred real images in float64."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from mnbench.architectures import build
from mnbench.datasets import load_train

SHAPE = {"in_channels": 1, "num_classes": 10, "image_size": 28}
BATCH, STEPS = 48, 4


@dataclass(frozen=True, eq=False)
class Batches:
    """Hold normalised images and labels in batches; the first STEPS batches are for training."""

    images: torch.Tensor  # (n, 1, 28, 28)
    labels: torch.Tensor  # (n,)

    def __getitem__(self, step):
        part = slice(step * BATCH, (step + 1) * BATCH)
        return self.images[part], self.labels[part]


@cache
def real_batches():
    """Load STEPS batches of Fashion-MNIST for training, and two more."""
    data = load_train("fashion_mnist", root=Path(), download=False)
    images = torch.from_numpy(data.images[: BATCH * (STEPS + 2)]).double() / 255
    return Batches((images - 0.286) / 0.353, torch.from_numpy(data.labels[: len(images)]))


def train(network, batches, steps=STEPS):
    """Train a few SGD steps, and leave *network* in eval mode."""
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        images, labels = batches[step]
        optimiser.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimiser.step()
    return network.eval()


def trained(architecture, batches, seed=0):
    """Return a network of *architecture*, trained STEPS steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(architecture, **SHAPE).double()
    train(network, batches)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # the point of training it
            assert module.num_batches_tracked == STEPS
            assert not module.running_var.eq(1).any() and not module.running_mean.eq(0).all()
    return network


def answers(network, images):
    """Return logits in eval mode."""
    network.eval()
    with torch.no_grad():
        return network(images)


def relative(difference, values):
    """Return the largest difference, relative to the largest value."""
    return float(difference.abs().max() / values.abs().max())


def bits(network):
    """Copy a network's state, by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def same_bits(first, second):
    """Tell whether two states from :func:`bits` are equal, bit by bit."""
    return first.keys() == second.keys() and all(
        torch.equal(first[key], second[key]) for key in first
    )


def seeded(seed):
    """Return a new generator with a seed."""
    return torch.Generator().manual_seed(seed)
