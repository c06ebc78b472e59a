"""What a network is: a frozen value, from which it is counted, compared, built and hatched."""

from typing import TYPE_CHECKING

from mnbench.architectures.counts import forward_flops, parameter_count, training_flops
from mnbench.architectures.ensembles import ENSEMBLES, load_ensemble
from mnbench.architectures.value import Architecture, Block, Head, Layer, Stem

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ENSEMBLES",
    "Architecture",
    "Block",
    "Head",
    "Layer",
    "Stem",
    "build",
    "forward_flops",
    "load_ensemble",
    "parameter_count",
    "training_flops",
]


def build(
    architecture: Architecture, *, in_channels: int, num_classes: int, image_size: int | None = None
) -> "nn.Module":
    """Build the network that *architecture* describes, in plain PyTorch layers.

    Args:
        architecture: the value.
        in_channels: channels of the images (1 grey, 3 colour).
        num_classes: number of logits.
        image_size: height and width of the images; only a "flatten" head needs it.

    Returns:
        A module from ``(n, in_channels, height, width)`` floats to ``(n, num_classes)`` logits,
        initialised by He et al. (2015) from torch's global generator.
    """
    # Imported here, since planning and evaluation read architectures without paying for torch.
    from mnbench.architectures.modules import assemble

    return assemble(architecture, in_channels, num_classes, image_size)
