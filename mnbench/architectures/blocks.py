"""The kinds of block: what lies between two changes of image size, as frozen values.

A block of any kind is a tuple of layers, of which a MotherNet takes the minimum position by
position; what a layer is depends on the kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from mnbench.architectures.checks import odd, one_of, positive, truth
from mnbench.errors import UserError

UNITS = ("basic", "bottleneck")
SHORTCUTS = ("identity", "padding", "projection")


@dataclass(frozen=True, order=True)
class Layer:
    """*filters* of *kernel* x *kernel*, "same" padding.

    In a plain block a convolution, in a residual block a unit, in a dense block a layer of so much
    growth.
    """

    filters: int
    kernel: int = 3

    def __str__(self) -> str:
        return str(self.filters) if self.kernel == 3 else f"{self.filters}({self.kernel}x)"


@dataclass(frozen=True)
class Plain:
    """A chain of convolution, batch norm and ReLU, then max pooling (VGG)."""

    layers: tuple[Layer, ...]
    pool: int = 2  # side and stride of the max pooling at the block's end; 1 is none
    kind: str = field(default="plain", init=False)
    preactivated: ClassVar[bool] = False
    shrinking: ClassVar[str] = "pool"  # the field by which it makes images smaller

    def __str__(self) -> str:
        return "-".join(map(str, self.layers))

    def outputs(self, inputs: int) -> int:
        """Channels that leave the block."""
        return self.layers[-1].filters


@dataclass(frozen=True)
class Residual:
    """Units that add to one stream of *width* channels (He et al. 2016, a).

    A unit of unit "basic" is two convolutions of *kernel*, width to filters to width; a
    "bottleneck" is 1x1 to filters, *kernel*, 1x1 to width. Convolutions are followed by batch norm
    and ReLU, the last one's ReLU behind the addition; *preactivated* ones (He et al. 2016, b; Wide
    ResNets) come after their batch norm and ReLU, and the stream is a bare sum.

    The first unit has the block's stride and shortcut: "identity" (nothing changes), "padding" (no
    parameters: every stride-th pixel, new channels zero; option A of He et al.) or "projection"
    (1x1 convolution; with batch norm unless preactivated).
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
        """Channels that leave the block."""
        return self.width


@dataclass(frozen=True)
class Dense:
    """Layers that each see all before them: batch norm, ReLU, convolution (Huang et al. 2017).

    A layer's filters are its growth. With a bottleneck of b it is 1x1 to b times its growth first.
    The transition behind them, batch norm, ReLU and a 1x1 convolution to *transition* channels,
    then average pooling, compresses; 0 is none.
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
        """Channels that leave the block."""
        return self.transition or inputs + sum(layer.filters for layer in self.layers)


Block = Plain | Residual | Dense
KINDS: Mapping[str, type[Block]] = MappingProxyType(
    {"plain": Plain, "residual": Residual, "dense": Dense}
)


def check_block(block: Block, inputs: int, where: str) -> None:
    """Refuse what no block can be.

    Args:
        block: the value.
        inputs: channels that flow in; of no matter to a plain block.
        where: the block's place, for errors.

    Raises:
        UserError: names the place, what is wrong and what is allowed.
    """
    if not block.layers:
        raise UserError(f"{where}: has no layer; give at least one")
    for j, layer in enumerate(block.layers, 1):
        _check_layer(layer, f"{where}, layer {j}")
    if isinstance(block, Residual):
        _check_residual(block, inputs, where)
        return
    positive(block.pool, f"{where}: pool")
    if isinstance(block, Dense):
        positive(block.transition, f"{where}: transition", least=0)
        positive(block.bottleneck, f"{where}: bottleneck", least=0)


def _check_layer(layer: Layer, where: str) -> None:
    positive(layer.filters, f"{where}: filters")
    odd(layer.kernel, where)


def _check_residual(block: Residual, inputs: int, where: str) -> None:
    positive(block.width, f"{where}: width")
    positive(block.stride, f"{where}: stride")
    one_of(block.unit, UNITS, f"{where}: unknown unit")
    one_of(block.shortcut, SHORTCUTS, f"{where}: unknown shortcut")
    truth(block.preactivated, f"{where}: preactivated")
    if block.shortcut == "identity" and (block.stride > 1 or inputs != block.width):
        raise UserError(
            f"{where}: shortcut 'identity' needs stride 1 and as many channels as flow in, "
            f"{inputs}, got stride {block.stride} and width {block.width}; use 'padding' or "
            "'projection'"
        )
    if block.shortcut == "padding" and inputs > block.width:
        raise UserError(
            f"{where}: shortcut 'padding' cannot drop channels: {inputs} flow in, width is "
            f"{block.width}; use 'projection'"
        )
