"""From the architecture value to a torch module in plain PyTorch layers."""

from collections import OrderedDict

from torch import nn

from mnbench.architectures.counts import operations
from mnbench.architectures.value import Architecture, Block, Head


def assemble(
    architecture: Architecture, in_channels: int, num_classes: int, image_size: int | None
) -> nn.Sequential:
    """Build ``stem``, ``blocks`` and ``head`` (see :func:`mnbench.architectures.build`)."""
    factor = architecture.stem.space_to_depth
    stem = nn.PixelUnshuffle(factor) if factor > 1 else nn.Identity()
    channels = in_channels * factor**2
    blocks = nn.Sequential()
    for block in architecture.blocks:
        blocks.append(_plain_block(block, channels))
        channels = block.layers[-1].filters
    features = channels
    if architecture.head.pool == "flatten":
        if image_size is None:
            raise ValueError(f"network '{architecture.name}': a 'flatten' head needs image_size")
        first_linear = list(operations(architecture, image_size, in_channels, num_classes))[
            architecture.depth
        ]
        features = first_linear.inputs
    head = _head(architecture.head, features, num_classes)
    network = nn.Sequential(OrderedDict(stem=stem, blocks=blocks, head=head))
    _initialise(network)
    return network


def conv_unit(inputs: int, filters: int, kernel: int) -> nn.Sequential:
    """Convolution ("same" padding, no bias), batch norm, ReLU."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(inputs, filters, kernel, padding=kernel // 2, bias=False),
            norm=nn.BatchNorm2d(filters),
            relu=nn.ReLU(inplace=True),
        )
    )


def _plain_block(block: Block, channels: int) -> nn.Sequential:
    layers = nn.Sequential()
    for layer in block.layers:
        layers.append(conv_unit(channels, layer.filters, layer.kernel))
        channels = layer.filters
    pool = nn.MaxPool2d(block.pool) if block.pool > 1 else nn.Identity()
    return nn.Sequential(OrderedDict(layers=layers, pool=pool))


def _head(head: Head, features: int, num_classes: int) -> nn.Sequential:
    pool = nn.AdaptiveAvgPool2d(1) if head.pool == "average" else nn.Identity()
    hidden = nn.Sequential()
    for width in head.hidden:
        hidden.append(nn.Sequential(OrderedDict(linear=nn.Linear(features, width), relu=nn.ReLU())))
        features = width
    return nn.Sequential(
        OrderedDict(
            pool=pool,
            flatten=nn.Flatten(),
            hidden=hidden,
            classifier=nn.Linear(features, num_classes),
        )
    )


def _initialise(network: nn.Module) -> None:
    """He et al. (2015) for layers before a ReLU; torch's own for the rest."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
