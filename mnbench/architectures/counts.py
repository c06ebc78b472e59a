"""Parameter and FLOP counts from the value alone.

One walk over the architecture lists its operations; both counts are sums over them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mnbench.architectures.value import Architecture
from mnbench.errors import UserError


@dataclass(frozen=True)
class Operation:
    """A layer with parameters at the size at which it works."""

    inputs: int  # channels or features
    outputs: int
    kernel: int = 1
    size: int = 1  # height and width of its output; 1 for fully connected layers
    normalised: bool = False  # followed by batch norm, and so without a bias

    @property
    def parameters(self) -> int:
        """Weights, plus a bias or batch norm's scale and shift."""
        weights = self.inputs * self.outputs * self.kernel**2
        return weights + (2 if self.normalised else 1) * self.outputs

    @property
    def flops(self) -> int:
        """Of a forward pass over one image; a multiply and an add are two."""
        return 2 * self.inputs * self.outputs * self.kernel**2 * self.size**2


def operations(
    architecture: Architecture, image_size: int, in_channels: int, num_classes: int
) -> Iterator[Operation]:
    """List the operations of one forward pass, in order.

    Raises:
        UserError: the stem or a pooling does not fit the image size; names the position.
    """
    factor = architecture.stem.space_to_depth
    if image_size % factor:
        raise UserError(
            f"network '{architecture.name}', stem: space_to_depth {factor} does not divide the "
            f"image size {image_size}; use a divisor"
        )
    channels, size = in_channels * factor**2, image_size // factor
    for position, block in enumerate(architecture.blocks, 1):
        for layer in block.layers:
            yield Operation(channels, layer.filters, layer.kernel, size, normalised=True)
            channels = layer.filters
        size //= block.pool
        if size < 1:
            raise UserError(
                f"network '{architecture.name}', block {position}: pooling by {block.pool} shrinks "
                f"images of {image_size} pixels below one pixel; set its pool to 1 or use fewer "
                "blocks"
            )
    features = channels * (size**2 if architecture.head.pool == "flatten" else 1)
    for width in (*architecture.head.hidden, num_classes):
        yield Operation(features, width)
        features = width


def parameter_count(
    architecture: Architecture, *, in_channels: int = 3, num_classes: int = 10, image_size: int = 32
) -> int:
    """Count the trainable parameters (*image_size* matters to a "flatten" head only)."""
    return sum(
        operation.parameters
        for operation in operations(architecture, image_size, in_channels, num_classes)
    )


def forward_flops(
    architecture: Architecture, image_size: int, *, in_channels: int = 3, num_classes: int = 10
) -> int:
    """Count the FLOPs of a forward pass over one image: convolutions and linear layers only."""
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
    after_layers: int = 0,
) -> int:
    """Count the FLOPs of training on one image once: the forward and the backward pass.

    The backward pass costs as much as the forward pass once for the weights' gradients and once
    for the inputs' gradients, which the first layer does not need. Batch norm, activations,
    pooling and the optimiser are not counted, as is usual (they are within a few per cent).

    Args:
        architecture: the network.
        image_size: height and width of the images.
        in_channels: channels of the images.
        num_classes: number of logits.
        after_layers: count only what follows this many layers, as a branch whose input needs
            gradients (TreeNets).
    """
    flops = [
        operation.flops
        for operation in operations(architecture, image_size, in_channels, num_classes)
    ]
    return 3 * sum(flops[after_layers:]) - (0 if after_layers else flops[0])
