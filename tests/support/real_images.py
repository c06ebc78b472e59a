"""Networks that were really trained, for a few steps, on a few hundred real images in float64."""

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
    """Normalised images and their labels, in batches of which the first STEPS are trained on."""

    images: torch.Tensor  # (n, 1, 28, 28)
    labels: torch.Tensor  # (n,)

    def __getitem__(self, step):
        part = slice(step * BATCH, (step + 1) * BATCH)
        return self.images[part], self.labels[part]


@cache
def real_batches():
    """STEPS batches of Fashion-MNIST to train on, and two more."""
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
    """Build *architecture* and train it."""
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
    """Logits in eval mode."""
    network.eval()
    with torch.no_grad():
        return network(images)


def relative(difference, of):
    """The largest difference, relative to the largest of what it is a difference."""
    return float(difference.abs().max() / of.abs().max())


def bits(network):
    """A copy of all that a network holds."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def same_bits(one, other):
    """Whether two networks hold the same."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def seeded(seed):
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)
