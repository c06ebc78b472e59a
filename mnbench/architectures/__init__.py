"""What a network is: a frozen value, from which it is counted, compared, built and hatched.

In come YAML files and names; out go :class:`Architecture` values, their counts, and torch modules.
Open :mod:`mnbench.architectures.sets` to add an architecture set, ``blocks`` to add a kind of
block. The trap: torch is imported only where a module is built, since planning does without.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mnbench.architectures.blocks import Block, Dense, Layer, Plain, Residual
from mnbench.architectures.counts import (
    activation_count,
    forward_flops,
    parameter_count,
    training_flops,
)
from mnbench.architectures.reading import library_network
from mnbench.architectures.sets import ARCHITECTURE_SETS, load_architectures, set_title
from mnbench.architectures.value import Architecture, Head, Stem
from mnbench.architectures.widening import widened

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ARCHITECTURE_SETS",
    "Architecture",
    "Block",
    "Dense",
    "Head",
    "Layer",
    "Plain",
    "Residual",
    "Stem",
    "activation_count",
    "build",
    "fetch_weights",
    "forward_flops",
    "library_network",
    "load_architectures",
    "parameter_count",
    "set_title",
    "training_flops",
    "widened",
]


def build(
    architecture: Architecture,
    *,
    in_channels: int,
    num_classes: int,
    image_size: int | None = None,
    pretrained: bool = False,
) -> "nn.Module":
    """Build a torch module from an architecture value, or create a library's model.

    Args:
        architecture: the value.
        in_channels: channels of the images (1 grey, 3 colour).
        num_classes: number of logits.
        image_size: height and width of the images; only a "flatten" head needs it.
        pretrained: load the weights that a library network's name asks for, behind the point
            ("timm:resnet18.a1_in1k"). Leave it out where weights are loaded anyway.

    Returns:
        A module from ``(n, in_channels, height, width)`` floats to ``(n, num_classes)`` logits.
        Its weights are drawn from torch's global generator: by He et al. (2015), or as the library
        does.

    Raises:
        UserError: a library lacks the network, or its weights cannot be downloaded or read.
    """
    # Imported late: planning and evaluation read architectures without waiting for torch.
    if architecture.library:
        from mnbench.architectures.library import create

        return create(architecture, in_channels, num_classes, pretrained=pretrained)

    from mnbench.architectures.modules import assemble

    return assemble(architecture, in_channels, num_classes, image_size)


def fetch_weights(networks: Iterable[Architecture]) -> None:
    """Have the pretrained weights that library networks ask for on this machine.

    Args:
        networks: any; those that ask for none are passed over.

    Raises:
        UserError: weights are neither there nor to be downloaded.
    """
    if wanted := {network for network in networks if network.library}:
        from mnbench.architectures.pretrained import fetch

        fetch(wanted)
