"""From the architecture value to a torch module: :class:`Network` and its blocks.

Open this module to see how a block computes, or how weights are drawn. The trap: the order in which
modules are built decides which random numbers each one draws. Another order gives other initial
weights for the same seed.
"""

import torch
from torch import Tensor, nn

from mnbench.architectures.blocks import Block, Dense, Layer, Plain, Residual
from mnbench.architectures.counts import shapes_between
from mnbench.architectures.units import (
    BareConv,
    ConvUnit,
    DenseLayer,
    NormRelu,
    Padding,
    PreactivatedConv,
    PreactivatedUnit,
    Projection,
    ResidualUnit,
    Shortcut,
    TypedSequential,
    convolution,
)
from mnbench.architectures.value import Architecture, Head, Stem


class NetworkStem(nn.Module):
    """The stem: space to depth, a convolution unit and max pooling, each if present."""

    def __init__(self, stem: Stem, in_channels: int) -> None:
        super().__init__()
        factor, filters = stem.space_to_depth, stem.filters
        channels = in_channels * factor**2
        self.space_to_depth = nn.PixelUnshuffle(factor) if factor > 1 else None
        self.conv = convolution(channels, filters, stem.kernel, stem.stride) if filters else None
        self.norm = nn.BatchNorm2d(filters) if filters and stem.activated else None
        self.relu = None if self.norm is None else nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stem.pool, padding=1) if stem.pool > 1 else None

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``(n, in_channels, h, w)`` to what the first block takes."""
        for step in (self.space_to_depth, self.conv, self.norm, self.relu, self.pool):
            if step is not None:
                images = step(images)
        return images


class PlainBlock(nn.Module):
    """Convolution units one after the other, then max pooling."""

    def __init__(self, block: Plain, channels: int) -> None:
        super().__init__()
        units = []
        for layer in block.layers:
            units.append(ConvUnit(channels, layer.filters, layer.kernel))
            channels = layer.filters
        self.layers = TypedSequential(units)
        self.pool = nn.MaxPool2d(block.pool) if block.pool > 1 else nn.Identity()

    @property
    def ending(self) -> list[nn.Module]:
        """What follows the layers, in order."""
        return [self.pool]

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to the filters of the last layer, pooled."""
        return self.pool(self.layers(images))


class ResidualBlock(nn.Module):
    """Residual units of one kind, then batch norm and ReLU if the block is closed."""

    def __init__(self, block: Residual, channels: int, *, closed: bool) -> None:
        super().__init__()
        unit = _preactivated_unit if block.preactivated else _residual_unit
        first, *others = block.layers
        # The first shortcut draws its weights before the first body does.
        units = [unit(block, first, channels, block.stride, _shortcut(block, channels))]
        units += [unit(block, layer, block.width, 1, nn.Identity()) for layer in others]
        self.layers: TypedSequential[ResidualUnit | PreactivatedUnit] = TypedSequential(units)
        self.closing = NormRelu(block.width) if closed else None

    @property
    def ending(self) -> list[nn.Module]:
        """What follows the layers, in order."""
        return [] if self.closing is None else [self.closing]

    def forward(self, stream: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to the block's width, strided."""
        stream = self.layers(stream)
        return stream if self.closing is None else self.closing(stream)


class DenseBlock(nn.Module):
    """Dense layers, then transition, average pooling and closing batch norm, if present."""

    def __init__(self, block: Dense, channels: int, *, closed: bool) -> None:
        super().__init__()
        layers = []
        for layer in block.layers:
            inner = block.bottleneck * layer.filters
            body = [PreactivatedConv(channels, inner, 1)] if inner else []
            body.append(PreactivatedConv(inner or channels, layer.filters, layer.kernel))
            layers.append(DenseLayer(TypedSequential(body)))
            channels += layer.filters
        self.layers = TypedSequential(layers)
        self.transition = (
            PreactivatedConv(channels, block.transition, 1) if block.transition else None
        )
        self.pool = nn.AvgPool2d(block.pool) if block.pool > 1 else None
        self.closing = NormRelu(block.transition or channels) if closed else None

    @property
    def ending(self) -> list[nn.Module]:
        """What follows the layers, in order."""
        steps = (self.transition, self.pool, self.closing)
        return [step for step in steps if step is not None]

    def forward(self, channels: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to the transition's channels or all of them, pooled."""
        for step in (self.layers, *self.ending):
            channels = step(channels)
        return channels


NetworkBlock = PlainBlock | ResidualBlock | DenseBlock


class HiddenLayer(nn.Module):
    """A linear layer and ReLU on ``(n, features)``."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, width)
        self.relu = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """Return the activations ``(n, width)``."""
        return self.relu(self.linear(features))


class NetworkHead(nn.Module):
    """The head: pooling or flattening, hidden layers and the linear classifier."""

    def __init__(self, head: Head, features: int, num_classes: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1) if head.pool == "average" else nn.Identity()
        self.flatten = nn.Flatten()
        widths = (features, *head.hidden)
        self.hidden = TypedSequential(map(HiddenLayer, widths, head.hidden))
        self.classifier = nn.Linear(widths[-1], num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to logits ``(n, num_classes)``."""
        return self.classifier(self.hidden(self.flatten(self.pool(images))))


class Network(nn.Module):
    """Stem, blocks and head: from images ``(n, in_channels, h, w)`` to logits."""

    def __init__(
        self, stem: NetworkStem, blocks: TypedSequential[NetworkBlock], head: NetworkHead
    ) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = stem, blocks, head

    def forward(self, images: Tensor) -> Tensor:
        """Map images to logits ``(n, num_classes)``."""
        return self.head(self.blocks(self.stem(images)))


def assemble(
    architecture: Architecture, in_channels: int, num_classes: int, image_size: int | None
) -> Network:
    """Build the network of an architecture value (see :func:`mnbench.architectures.build`).

    Raises:
        ValueError: a "flatten" head is given no image size.
    """
    channels = architecture.stem.filters or in_channels * architecture.stem.space_to_depth**2
    blocks = []
    for position, block in enumerate(architecture.blocks):
        blocks.append(_block(block, channels, closed=architecture.closes(position)))
        channels = block.outputs(channels)
    features = channels
    if architecture.head.pool == "flatten":
        if image_size is None:
            raise ValueError(f"network '{architecture.name}': a 'flatten' head needs image_size")
        *_, last = shapes_between(architecture, image_size, in_channels)
        features = last.channels * last.size**2
    network = Network(
        NetworkStem(architecture.stem, in_channels),
        TypedSequential(blocks),
        NetworkHead(architecture.head, features, num_classes),
    )
    initialise(network)
    return network


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """Draw the weights of convolutions by He et al. (2015); the rest keeps torch's own.

    Args:
        network: on any device.
        generator: a CPU generator; torch's global one unless given.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            drawn = torch.empty(module.weight.shape)
            nn.init.kaiming_normal_(drawn, mode="fan_out", nonlinearity="relu", generator=generator)
            with torch.no_grad():
                module.weight.copy_(drawn)


def _block(block: Block, channels: int, *, closed: bool) -> NetworkBlock:
    if isinstance(block, Plain):
        return PlainBlock(block, channels)
    if isinstance(block, Residual):
        return ResidualBlock(block, channels, closed=closed)
    return DenseBlock(block, channels, closed=closed)


def _shortcut(block: Residual, channels: int) -> Shortcut:
    if block.shortcut == "identity":
        return nn.Identity()
    if block.shortcut == "padding":
        return Padding(channels, block.width, block.stride)
    if block.preactivated:
        return convolution(channels, block.width, 1, block.stride)
    return Projection(channels, block.width, block.stride)


def _residual_unit(
    block: Residual, layer: Layer, inputs: int, stride: int, shortcut: Shortcut
) -> ResidualUnit:
    *steps, last = _body(block, layer, inputs, stride)
    # The last ReLU stands behind the addition.
    body = [*(ConvUnit(*step) for step in steps), ConvUnit(*last, activated=False)]
    return ResidualUnit(TypedSequential(body), shortcut)


def _preactivated_unit(
    block: Residual, layer: Layer, inputs: int, stride: int, shortcut: Shortcut
) -> PreactivatedUnit:
    # The shortcut reads the first activation too, so the unit holds it and not the body.
    first, *steps = _body(block, layer, inputs, stride)
    body: list[BareConv | PreactivatedConv] = [BareConv(*first)]
    body += [PreactivatedConv(*step) for step in steps]
    return PreactivatedUnit(NormRelu(inputs), TypedSequential(body), shortcut)


def _body(
    block: Residual, layer: Layer, inputs: int, stride: int
) -> list[tuple[int, int, int, int]]:
    """List (inputs, filters, kernel, stride) of each convolution of a unit."""
    if block.unit == "basic":
        return [
            (inputs, layer.filters, layer.kernel, stride),
            (layer.filters, block.width, layer.kernel, 1),
        ]
    return [
        (inputs, layer.filters, 1, 1),
        (layer.filters, layer.filters, layer.kernel, stride),
        (layer.filters, block.width, 1, 1),
    ]
