"""The kinds of block: what lies between two changes of image size, as frozen values.

Open this module to see a block's keys, or to add a kind. A block of any kind holds a tuple of
layers, and a MotherNet takes their minimum position by position. The trap: a layer means something
else in each kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

from mnbench.architectures.checks import check_boolean, check_choice, check_integer, check_kernel
from mnbench.errors import UserError

UNITS = ("basic", "bottleneck")
SHORTCUTS = ("identity", "padding", "projection")


@dataclass(frozen=True, order=True)
class Layer:
    """A convolution: *filters* of *kernel* x *kernel* pixels, with "same" padding.

    A layer is a convolution in a plain block, and a unit in a residual block. In a dense block its
    filters are its growth.
    """

    filters: int
    kernel: int = 3

    def __str__(self) -> str:
        return str(self.filters) if self.kernel == 3 else f"{self.filters}({self.kernel}x)"


@dataclass(frozen=True)
class Plain:
    """A block of layers of convolution, batch norm and ReLU, then max pooling (VGG)."""

    layers: tuple[Layer, ...]
    pool: int = 2  # side and stride of the max pooling at the block's end; 1 is none
    kind: str = field(default="plain", init=False)
    preactivated: ClassVar[bool] = False
    shrinking: ClassVar[str] = "pool"  # the field by which it makes images smaller

    def __str__(self) -> str:
        return "-".join(map(str, self.layers))

    def outputs(self, inputs: int) -> int:
        """Return the channels that leave the block when *inputs* enter it."""
        return self.layers[-1].filters

    def part(self, position: int) -> "Plain":
        """Return the layer at *position* (from 0) as a block; the last one has the pooling."""
        is_last = position == len(self.layers) - 1
        return replace(self, layers=(self.layers[position],), pool=self.pool if is_last else 1)


@dataclass(frozen=True)
class Residual:
    """A block of units that add to one stream of *width* channels (He et al. 2016, a).

    A *unit* "basic" is two convolutions of the layer's kernel: width to filters to width. A
    "bottleneck" is 1x1 to filters, the layer's kernel, and 1x1 to width. Batch norm and ReLU follow
    each convolution; the last ReLU follows the addition. In a *preactivated* block (He et al.
    2016, b; Wide ResNets) batch norm and ReLU precede each convolution, and the stream is a bare
    sum.

    The first unit has the block's stride and *shortcut*:

    - "identity": nothing changes;
    - "padding": every stride-th pixel, new channels zero, no parameters (option A of He et al.);
    - "projection": a 1x1 convolution, with batch norm unless preactivated.
    """

    layers: tuple[Layer, ...]
    width: int
    stride: int = 1
    unit: str = "basic"
    shortcut: str = "projection"
    preactivated: bool = False
    kind: str = field(default="residual", init=False)
    shrinking: ClassVar[str] = "stride"

    def __str__(self) -> str:
        form = ("pre-" if self.preactivated else "") + self.unit
        return f"residual {self.width} {form}:" + "-".join(map(str, self.layers))

    def outputs(self, inputs: int) -> int:
        """Return the channels that leave the block when *inputs* enter it."""
        return self.width

    def part(self, position: int) -> "Residual":
        """Return the unit at *position* (from 0) as a block; the first one changes the shape."""
        unit = replace(self, layers=(self.layers[position],))
        return unit if position == 0 else replace(unit, stride=1, shortcut="identity")


@dataclass(frozen=True)
class Dense:
    """A block of layers that each read all channels before them (Huang et al. 2017).

    A layer is batch norm, ReLU and convolution; its filters are its growth. A *bottleneck* of b
    puts a 1x1 convolution to b times the growth before it. A *transition* to that number of
    channels follows the layers: batch norm, ReLU, 1x1 convolution. For both, 0 is none.
    """

    layers: tuple[Layer, ...]
    transition: int = 0
    bottleneck: int = 0
    pool: int = 2  # side and stride of the average pooling at the block's end; 1 is none
    kind: str = field(default="dense", init=False)
    preactivated: ClassVar[bool] = True
    shrinking: ClassVar[str] = "pool"

    def __str__(self) -> str:
        form = f" b{self.bottleneck}" if self.bottleneck else ""
        transition = f">{self.transition}" if self.transition else ""
        return f"dense{form}:" + "-".join(map(str, self.layers)) + transition

    def outputs(self, inputs: int) -> int:
        """Return the channels that leave the block when *inputs* enter it."""
        return self.transition or inputs + sum(layer.filters for layer in self.layers)

    def part(self, position: int) -> "Dense":
        """Return the layer at *position* (from 0) as a block; the last one has the transition."""
        layer = replace(self, layers=(self.layers[position],))
        is_last = position == len(self.layers) - 1
        return layer if is_last else replace(layer, transition=0, pool=1)


Block = Plain | Residual | Dense
KINDS: Mapping[str, type[Block]] = MappingProxyType(
    {"plain": Plain, "residual": Residual, "dense": Dense}
)


def check_block(block: Block, inputs: int, place: str) -> None:
    """Refuse an impossible block.

    Args:
        block: the value.
        inputs: channels that flow in; a plain block ignores them.
        place: the block's place, for errors.

    Raises:
        UserError: names the place, what is wrong and what is allowed.
    """
    if not block.layers:
        raise UserError(f"{place}: has no layer; give at least one")
    for j, layer in enumerate(block.layers, 1):
        _check_layer(layer, f"{place}, layer {j}")
    if isinstance(block, Residual):
        _check_residual(block, inputs, place)
        return
    check_integer(block.pool, f"{place}: pool")
    if isinstance(block, Dense):
        check_integer(block.transition, f"{place}: transition", minimum=0)
        check_integer(block.bottleneck, f"{place}: bottleneck", minimum=0)


def _check_layer(layer: Layer, place: str) -> None:
    check_integer(layer.filters, f"{place}: filters")
    check_kernel(layer.kernel, place)


def _check_residual(block: Residual, inputs: int, place: str) -> None:
    check_integer(block.width, f"{place}: width")
    check_integer(block.stride, f"{place}: stride")
    check_choice(block.unit, UNITS, f"{place}: unknown unit")
    check_choice(block.shortcut, SHORTCUTS, f"{place}: unknown shortcut")
    check_boolean(block.preactivated, f"{place}: preactivated")
    if block.shortcut == "identity" and (block.stride > 1 or inputs != block.width):
        raise UserError(
            f"{place}: shortcut 'identity' needs stride 1 and the width that flows in, "
            f"{inputs}, got stride {block.stride} and width {block.width}; use 'padding' or "
            "'projection'"
        )
    if block.shortcut == "padding" and inputs > block.width:
        raise UserError(
            f"{place}: shortcut 'padding' cannot drop channels: {inputs} flow in, width is "
            f"{block.width}; use 'projection'"
        )
