"""Count parameters and FLOPs from the architecture value alone.

Open this module to see what a FLOP count includes. One walk over the architecture lists its
operations, and both counts are sums over them. A library's network is measured instead
(:mod:`mnbench.architectures.library`). The trap: a multiply and an add are two FLOPs here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnbench.architectures.blocks import Block, Dense, Plain, Residual
from mnbench.architectures.value import Architecture
from mnbench.errors import UserError

if TYPE_CHECKING:
    from mnbench.architectures.library import Measured

# Of a library's networks, about the least: those of EfficientNets and MobileNets.
FLOPS_PER_ACTIVATION = 100


@dataclass(frozen=True)
class Operation:
    """A convolution or linear layer at its output size, and its batch norm."""

    inputs: int  # channels or features
    outputs: int
    kernel: int = 1
    size: int = 1  # height and width of its output; 1 for fully connected layers
    normalised: int = 0  # channels of the batch norm before or behind it
    bias: bool = False

    @property
    def parameters(self) -> int:
        """Number of weights, biases, and batch norm's scales and shifts."""
        weights = self.inputs * self.outputs * self.kernel**2
        return weights + 2 * self.normalised + self.outputs * self.bias

    @property
    def flops(self) -> int:
        """FLOPs of a forward pass over one image; a multiply and an add are two."""
        return 2 * self.inputs * self.outputs * self.kernel**2 * self.size**2


@dataclass(frozen=True)
class Shape:
    """What flows between two blocks."""

    channels: int
    size: int  # height and width in pixels


def operations(
    architecture: Architecture, image_size: int, in_channels: int, num_classes: int
) -> Iterator[Operation]:
    """List the operations of one forward pass, in order.

    Raises:
        UserError: a stem, stride or pooling does not fit the image size; names the position.
    """
    for part in operations_by_part(architecture, image_size, in_channels, num_classes):
        yield from part


def operations_by_part(
    architecture: Architecture, image_size: int, in_channels: int, num_classes: int
) -> Iterator[list[Operation]]:
    """List the operations of the stem, of each block, each hidden layer and the classifier."""
    shape = _behind_space_to_depth(architecture, Shape(in_channels, image_size))
    stem = architecture.stem
    size = _strided(shape.size, stem.stride)
    norm = stem.filters if stem.activated else 0
    convolution = Operation(shape.channels, stem.filters, stem.kernel, size, norm)
    yield [convolution] if stem.filters else []
    shapes = list(shapes_between(architecture, image_size, in_channels))
    for position, block in enumerate(architecture.blocks):
        of_block = list(_OPERATIONS[type(block)](block, shapes[position]))
        if architecture.closes(position):
            of_block.append(Operation(0, 0, normalised=shapes[position + 1].channels))
        yield of_block
    features = shapes[-1].channels
    if architecture.head.pool == "flatten":
        features *= shapes[-1].size ** 2
    for width in (*architecture.head.hidden, num_classes):
        yield [Operation(features, width, bias=True)]
        features = width


def shapes_between(
    architecture: Architecture, image_size: int, in_channels: int
) -> Iterator[Shape]:
    """List what flows into the first block, between blocks, and out of the last one, in order.

    Raises:
        UserError: a stem, stride or pooling does not fit the image size; names the position.
    """
    shape = _behind_space_to_depth(architecture, Shape(in_channels, image_size))
    stem, place = architecture.stem, f"network '{architecture.name}'"
    if stem.filters:
        for key, factor in (("stride", stem.stride), ("pool", stem.pool)):
            _check_size(shape.size, factor, image_size, f"{place}, stem: {key}")
            shape = Shape(stem.filters, _strided(shape.size, factor))
    yield shape
    for position, block in enumerate(architecture.blocks, 1):
        factor = getattr(block, block.shrinking)
        _check_size(shape.size, factor, image_size, f"{place}, block {position}: {block.shrinking}")
        strides = block.shrinking == "stride"
        size = _strided(shape.size, factor) if strides else shape.size // factor
        shape = Shape(block.outputs(shape.channels), size)
        yield shape


def _behind_space_to_depth(architecture: Architecture, shape: Shape) -> Shape:
    factor = architecture.stem.space_to_depth
    if shape.size % factor:
        raise UserError(
            f"network '{architecture.name}', stem: space_to_depth {factor} does not divide the "
            f"image size {shape.size}; use a divisor"
        )
    return Shape(shape.channels * factor**2, shape.size // factor)


def _check_size(size: int, factor: int, image_size: int, what: str) -> None:
    if size < factor:
        raise UserError(
            f"{what} {factor} shrinks images of {image_size} pixels below one pixel; set it to 1 "
            "or shrink them less before"
        )


def _strided(size: int, stride: int) -> int:
    """Return the size behind a "same" convolution with a stride, or behind the stem's pooling."""
    return -(-size // stride)


def _plain_operations(block: Plain, shape: Shape) -> Iterator[Operation]:
    inputs = shape.channels
    for layer in block.layers:
        yield Operation(inputs, layer.filters, layer.kernel, shape.size, layer.filters)
        inputs = layer.filters


def _residual_operations(block: Residual, shape: Shape) -> Iterator[Operation]:
    inputs, width, size = shape.channels, block.width, _strided(shape.size, block.stride)
    before = shape.size  # in a bottleneck, the middle convolution strides
    for number, layer in enumerate(block.layers):
        inner, kernel = layer.filters, layer.kernel
        if block.unit == "basic":
            body = [(inputs, inner, kernel, size), (inner, width, kernel, size)]
        else:
            body = [
                (inputs, inner, 1, before),
                (inner, inner, kernel, size),
                (inner, width, 1, size),
            ]
        for ins, outs, side, pixels in body:
            yield Operation(ins, outs, side, pixels, ins if block.preactivated else outs)
        if number == 0 and block.shortcut == "projection":
            norm = 0 if block.preactivated else width
            yield Operation(inputs, width, 1, size, norm)
        inputs, before = width, size


def _dense_operations(block: Dense, shape: Shape) -> Iterator[Operation]:
    inputs, size = shape.channels, shape.size
    for layer in block.layers:
        seen = inputs
        if block.bottleneck:
            inner = block.bottleneck * layer.filters
            yield Operation(inputs, inner, 1, size, inputs)
            seen = inner
        yield Operation(seen, layer.filters, layer.kernel, size, seen)
        inputs += layer.filters
    if block.transition:
        yield Operation(inputs, block.transition, 1, size, inputs)


_OPERATIONS: Mapping[type[Block], Callable[..., Iterator[Operation]]] = {
    Plain: _plain_operations,
    Residual: _residual_operations,
    Dense: _dense_operations,
}


def parameter_count(
    architecture: Architecture, *, in_channels: int = 3, num_classes: int = 10, image_size: int = 32
) -> int:
    """Count the trainable parameters.

    Args:
        architecture: the network.
        in_channels: channels of the images.
        num_classes: number of logits.
        image_size: height and width of the images; only a "flatten" head depends on it.

    Raises:
        UserError: the network cannot take images of this size.

    >>> from mnbench.architectures import load_architectures, parameter_count
    >>> first, *_ = load_architectures("v5-small")
    >>> parameter_count(first, in_channels=1)
    18698
    """
    if architecture.library:
        return _measured(architecture, image_size, in_channels, num_classes).parameters
    return sum(
        operation.parameters
        for operation in operations(architecture, image_size, in_channels, num_classes)
    )


def activation_count(
    architecture: Architecture, *, in_channels: int = 3, num_classes: int = 10, image_size: int = 32
) -> int:
    """Count what convolutions and linear layers put out for one image.

    A library's network is not looked into: its outputs are estimated from its FLOPs.

    Args:
        architecture: the network.
        in_channels: channels of the images.
        num_classes: number of logits.
        image_size: height and width of the images.

    Raises:
        UserError: the network cannot take images of this size.
    """
    shape = (image_size, in_channels, num_classes)
    if architecture.library:
        return _measured(architecture, *shape).forward_flops // FLOPS_PER_ACTIVATION
    return sum(
        operation.outputs * operation.size**2 for operation in operations(architecture, *shape)
    )


def forward_flops(
    architecture: Architecture, image_size: int, *, in_channels: int = 3, num_classes: int = 10
) -> int:
    """Count the FLOPs of a forward pass over one image: convolutions and linear layers only.

    Args:
        architecture: the network.
        image_size: height and width of the images.
        in_channels: channels of the images.
        num_classes: number of logits.

    Raises:
        UserError: the network cannot take images of this size.
    """
    if architecture.library:
        return _measured(architecture, image_size, in_channels, num_classes).forward_flops
    return sum(
        operation.flops
        for operation in operations(architecture, image_size, in_channels, num_classes)
    )


def training_flops(
    architecture: Architecture,
    image_size: int,
    *,
    in_channels: int = 3,
    num_classes: int = 10,
    after_layers: int | None = None,
) -> int:
    """Count the FLOPs of training on one image once: the forward and the backward pass.

    The backward pass costs a forward pass for the weights' gradients and another one for the
    inputs' gradients. The first layer needs no gradients of its inputs. Batch norm, activations,
    pooling and the optimiser are not counted, as is usual (they are within a few per cent).

    Args:
        architecture: the network.
        image_size: height and width of the images.
        in_channels: channels of the images.
        num_classes: number of logits.
        after_layers: count only what follows the stem and this number of layers, hidden ones
            after those of all blocks. The rest is a branch whose input needs gradients (TreeNets).

    Raises:
        UserError: the network cannot take images of this size.
    """
    if architecture.library:
        return _measured(architecture, image_size, in_channels, num_classes).training_flops
    shape = (image_size, in_channels, num_classes)
    if after_layers is not None:
        _, *layers = operations_by_part(architecture.unrolled, *shape)
        return 3 * sum(operation.flops for part in layers[after_layers:] for operation in part)
    flops = [operation.flops for operation in operations(architecture, *shape)]
    return 3 * sum(flops) - flops[0]


def _measured(
    architecture: Architecture, image_size: int, in_channels: int, num_classes: int
) -> "Measured":
    # Imported late: planning reads other networks without waiting for torch and timm.
    from mnbench.architectures.library import measure

    return measure(architecture, image_size, in_channels, num_classes)
