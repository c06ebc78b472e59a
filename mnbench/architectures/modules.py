"""From the architecture value to a torch module in plain PyTorch layers."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from mnbench.architectures.blocks import Block, Dense, Layer, Plain, Residual
from mnbench.architectures.counts import shapes_between
from mnbench.architectures.value import Architecture, Head, Stem


def assemble(
    architecture: Architecture, in_channels: int, num_classes: int, image_size: int | None
) -> nn.Sequential:
    """Build ``stem``, ``blocks`` and ``head`` (see :func:`mnbench.architectures.build`)."""
    factor = architecture.stem.space_to_depth
    channels = architecture.stem.filters or in_channels * factor**2
    blocks = nn.Sequential()
    for position, block in enumerate(architecture.blocks):
        module = _BLOCKS[type(block)](block, channels)
        channels = block.outputs(channels)
        if architecture.closes(position):
            module.add_module("closing", _norm_relu(channels))
        blocks.append(module)
    features = channels
    if architecture.head.pool == "flatten":
        if image_size is None:
            raise ValueError(f"network '{architecture.name}': a 'flatten' head needs image_size")
        *_, last = shapes_between(architecture, image_size, in_channels)
        features = last.channels * last.size**2
    network = nn.Sequential(
        OrderedDict(
            stem=_stem(architecture.stem, in_channels),
            blocks=blocks,
            head=_head(architecture.head, features, num_classes),
        )
    )
    initialise(network)
    return network


def conv_unit(inputs: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution ("same" padding, no bias), batch norm, ReLU."""
    conv, norm = _conv(inputs, filters, kernel, stride), nn.BatchNorm2d(filters)
    return nn.Sequential(OrderedDict(conv=conv, norm=norm, relu=nn.ReLU(inplace=True)))


def preactivated_unit(inputs: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Batch norm, ReLU, convolution ("same" padding, no bias)."""
    unit = _norm_relu(inputs)
    unit.add_module("conv", _conv(inputs, filters, kernel, stride))
    return unit


class ResidualUnit(nn.Module):
    """Adds what its body makes of a stream to the stream, then ReLU (He et al. 2016, a)."""

    def __init__(self, body: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, stream: Tensor) -> Tensor:
        """``(n, channels, h, w)`` to the same of the block's width."""
        return (self.body(stream) + self.shortcut(stream)).relu_()


class PreactivatedUnit(nn.Module):
    """Adds what its body makes of the activated stream to the bare stream (He et al. 2016, b)."""

    def __init__(self, activation: nn.Sequential, body: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.activation, self.body, self.shortcut = activation, body, shortcut

    def forward(self, stream: Tensor) -> Tensor:
        """``(n, channels, h, w)`` to the same of the block's width."""
        activated = self.activation(stream)
        # Only a convolution comes after the activation; what has no weights keeps the bare stream.
        shared = activated if isinstance(self.shortcut, nn.Conv2d) else stream
        return self.body(activated) + self.shortcut(shared)


class Padding(nn.Module):
    """Every stride-th pixel of some channels, and zeros: a shortcut without parameters.

    Attributes:
        source: int64 ``(outputs,)``, the channel that each output repeats; the number of inputs
            stands for zeros. Hatching rearranges it.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.register_buffer("source", torch.arange(outputs).clamp_max(inputs))

    def forward(self, images: Tensor) -> Tensor:
        """``(n, inputs, h, w)`` to ``(n, outputs, h / stride, w / stride)``, rounded up."""
        pixels = images[:, :, :: self.stride, :: self.stride].permute(0, 2, 3, 1)
        return nn.functional.pad(pixels, (0, 1))[..., self.source].permute(0, 3, 1, 2)


class DenseLayer(nn.Module):
    """Appends what its body makes of the channels so far to them (Huang et al. 2017)."""

    def __init__(self, body: nn.Sequential) -> None:
        super().__init__()
        self.body = body

    def forward(self, channels: Tensor) -> Tensor:
        """``(n, channels, h, w)`` to ``(n, channels + growth, h, w)``."""
        return torch.cat([channels, self.body(channels)], dim=1)


def _stem(stem: Stem, in_channels: int) -> nn.Sequential:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    if stem.space_to_depth > 1:
        modules["space_to_depth"] = nn.PixelUnshuffle(stem.space_to_depth)
    if stem.filters:
        channels = in_channels * stem.space_to_depth**2
        modules["conv"] = _conv(channels, stem.filters, stem.kernel, stem.stride)
        if stem.activated:
            modules["norm"] = nn.BatchNorm2d(stem.filters)
            modules["relu"] = nn.ReLU(inplace=True)
        if stem.pool > 1:
            modules["pool"] = nn.MaxPool2d(3, stem.pool, padding=1)
    return nn.Sequential(modules)


def _plain_block(block: Plain, channels: int) -> nn.Sequential:
    layers = nn.Sequential()
    for layer in block.layers:
        layers.append(conv_unit(channels, layer.filters, layer.kernel))
        channels = layer.filters
    pool = nn.MaxPool2d(block.pool) if block.pool > 1 else nn.Identity()
    return nn.Sequential(OrderedDict(layers=layers, pool=pool))


def _residual_block(block: Residual, channels: int) -> nn.Sequential:
    unit = _preactivated_unit if block.preactivated else _residual_unit
    layers = nn.Sequential(
        unit(block, block.layers[0], channels, block.stride, _shortcut(block, channels))
    )
    for layer in block.layers[1:]:
        layers.append(unit(block, layer, block.width, 1, nn.Identity()))
    return nn.Sequential(OrderedDict(layers=layers))


def _shortcut(block: Residual, channels: int) -> nn.Module:
    if block.shortcut == "identity":
        return nn.Identity()
    if block.shortcut == "padding":
        return Padding(channels, block.width, block.stride)
    conv = _conv(channels, block.width, 1, block.stride)
    if block.preactivated:
        return conv
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(block.width)))


def _body(
    block: Residual, layer: Layer, inputs: int, stride: int
) -> list[tuple[int, int, int, int]]:
    """(inputs, filters, kernel, stride) of each convolution of a unit."""
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


def _residual_unit(
    block: Residual, layer: Layer, inputs: int, stride: int, shortcut: nn.Module
) -> ResidualUnit:
    body = nn.Sequential(*(conv_unit(*step) for step in _body(block, layer, inputs, stride)))
    del body[-1].relu  # it stands behind the addition
    return ResidualUnit(body, shortcut)


def _preactivated_unit(
    block: Residual, layer: Layer, inputs: int, stride: int, shortcut: nn.Module
) -> PreactivatedUnit:
    first, *others = _body(block, layer, inputs, stride)
    conv = nn.Sequential(OrderedDict(conv=_conv(*first)))
    body = nn.Sequential(conv, *(preactivated_unit(*step) for step in others))
    return PreactivatedUnit(_norm_relu(inputs), body, shortcut)


def _dense_block(block: Dense, channels: int) -> nn.Sequential:
    layers = nn.Sequential()
    for layer in block.layers:
        inner = block.bottleneck * layer.filters
        body = [preactivated_unit(channels, inner, 1)] if inner else []
        body.append(preactivated_unit(inner or channels, layer.filters, layer.kernel))
        layers.append(DenseLayer(nn.Sequential(*body)))
        channels += layer.filters
    modules: OrderedDict[str, nn.Module] = OrderedDict(layers=layers)
    if block.transition:
        modules["transition"] = preactivated_unit(channels, block.transition, 1)
    if block.pool > 1:
        modules["pool"] = nn.AvgPool2d(block.pool)
    return nn.Sequential(modules)


_BLOCKS: Mapping[type[Block], Callable[..., nn.Sequential]] = {
    Plain: _plain_block,
    Residual: _residual_block,
    Dense: _dense_block,
}


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


def _conv(inputs: int, filters: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, filters, kernel, stride, padding=kernel // 2, bias=False)


def _norm_relu(channels: int) -> nn.Sequential:
    norm, relu = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    return nn.Sequential(OrderedDict(norm=norm, relu=relu))


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
