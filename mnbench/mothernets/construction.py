"""Construct a cluster's MotherNet: the per-layer minimum from which every member can be hatched.

Open this module to see which networks are compatible, and how large their MotherNet is. The trap:
the MotherNet may be smaller than the minimum where members insert narrower layers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from mnbench.architectures import Architecture, Block, Dense, Head, Layer, Plain, Residual, Stem
from mnbench.errors import UserError

T = TypeVar("T", Stem, Layer, Residual, Dense)


def construct(architectures: Sequence[Architecture], *, name: str = "mothernet") -> Architecture:
    """Return the largest network from which every one of *architectures* can be hatched.

    Block by block (unverified), the MotherNet has the fewest layers of any member. At each position
    it has the fewest filters and the smallest kernel. A residual block also has the narrowest
    stream, and a dense block the narrowest transition. Members hatch position by position; their
    further layers are inserted behind the MotherNet's last one.

    An inserted residual unit or dense layer stands beside the flow, and so constrains nothing. A
    residual block whose shortcut is the identity is as wide as its input. In a plain block an
    inserted layer is the identity and must carry the whole flow. So the block's last layer has no
    more filters than any layer that a member inserts behind it: [16, 8] and [16] give [8]. The
    head's hidden layers follow the same rule. Where a member has none, they must carry the last
    block.

    Args:
        architectures: the members of a cluster, at least one.
        name: the MotherNet's name.

    Raises:
        UserError: two of the networks are incompatible, see :func:`incompatibility`.

    >>> from mnbench.architectures import load_architectures
    >>> from mnbench.mothernets import construct
    >>> print(construct(load_architectures("v5-small")))
    mothernet: 8-8 | 16-16 | 32-32
    """
    first = architectures[0]
    for network in architectures[1:]:
        if reason := incompatibility(first, network):
            raise UserError(f"no MotherNet of {first.name} and {network.name}: {reason}")
    stem = _minimum([network.stem for network in architectures], "filters", "kernel")
    blocks: list[Block] = []
    channels = stem.filters
    for position in zip(*(network.blocks for network in architectures), strict=True):
        blocks.append(_SMALLEST[type(position[0])](position, channels))
        channels = blocks[-1].outputs(channels)
    hidden, carried = _smallest_chain([network.head.hidden for network in architectures])
    if not hidden and carried is not None:
        *layers, last = blocks[-1].layers
        layers.append(Layer(min(last.filters, carried), last.kernel))
        blocks[-1] = replace(blocks[-1], layers=tuple(layers))
    head = Head(first.head.pool, hidden)
    return Architecture(tuple(blocks), stem, head, first.library, name=name)


def incompatibility(first: Architecture, second: Architecture) -> str | None:
    """Say why two networks cannot be hatched from one MotherNet; return None if they can."""
    if first.library != second.library:
        return f"one is a network of a library, {first.library or second.library}"
    if reason := _stem_difference(first.stem, second.stem):
        return reason
    if len(first.blocks) != len(second.blocks):
        return f"they have {len(first.blocks)} and {len(second.blocks)} blocks"
    for position, (a, b) in enumerate(zip(first.blocks, second.blocks, strict=True), 1):
        if a.kind != b.kind:
            return f"block {position} is {a.kind} in one and {b.kind} in the other"
        for difference, values in _fixed(a, b).items():
            if values[0] != values[1]:
                return f"block {position} {difference.format(*values)}"
    if first.head.pool != second.head.pool:
        return f"one head pools by '{first.head.pool}', the other by '{second.head.pool}'"
    if bool(first.head.hidden) != bool(second.head.hidden):
        # The first inserted layer must be the identity on the last block, and carry all of it.
        if first.head.pool == "flatten":
            return "behind a 'flatten' head, one has hidden layers and the other has none"
        if not isinstance(first.blocks[-1], Plain):
            return (
                f"behind a {first.blocks[-1].kind} block, one has hidden layers and the other has "
                "none"
            )
    return None


def _stem_difference(first: Stem, second: Stem) -> str | None:
    if bool(first.filters) != bool(second.filters):
        return "one has a convolution in its stem and the other has none"
    for key in ("space_to_depth", "stride", "pool", "activated"):
        if getattr(first, key) != getattr(second, key):
            return f"their stems differ: {key} is {getattr(first, key)} and {getattr(second, key)}"
    return None


def _fixed(first: Block, second: Block) -> dict[str, tuple[object, object]]:
    """List the values in which two blocks of one kind must agree, by how to say a difference."""

    def both(key: str) -> tuple[object, object]:
        return getattr(first, key), getattr(second, key)

    if isinstance(first, Residual):
        return {
            "strides by {} in one and by {} in the other": both("stride"),
            "has {} units in one and {} units in the other": both("unit"),
            "has shortcuts by {} in one and by {} in the other": both("shortcut"),
            "is preactivated in one alone": both("preactivated"),
        }
    pools = {"pools by {} in one and by {} in the other": both("pool")}
    if isinstance(first, Plain):
        return pools
    transition, second_transition = both("transition")
    return pools | {
        "has a transition in one alone": (bool(transition), bool(second_transition)),
        "has bottlenecks of {} in one and of {} in the other": both("bottleneck"),
    }


def _smallest_plain(blocks: Sequence[Plain], inputs: int) -> Plain:
    filters, _ = _smallest_chain([[layer.filters for layer in block.layers] for block in blocks])
    kernels = [layer.kernel for layer in _smallest_layers(blocks)]
    return replace(blocks[0], layers=tuple(map(Layer, filters, kernels)))


def _smallest_residual(blocks: Sequence[Residual], inputs: int) -> Residual:
    # A plain block before may be narrower in the MotherNet than in any member.
    stream = _minimum(blocks, "width")
    width = inputs if stream.shortcut == "identity" else stream.width
    return replace(stream, width=width, layers=_smallest_layers(blocks))


def _smallest_dense(blocks: Sequence[Dense], inputs: int) -> Dense:
    return replace(_minimum(blocks, "transition"), layers=_smallest_layers(blocks))


_SMALLEST: Mapping[type[Block], Callable[..., Block]] = MappingProxyType(
    {Plain: _smallest_plain, Residual: _smallest_residual, Dense: _smallest_dense}
)


def _smallest_layers(blocks: Sequence[Block]) -> tuple[Layer, ...]:
    """Return the minimum of the layers, position by position, as far as all blocks have them."""
    positions = zip(*(block.layers for block in blocks), strict=False)
    return tuple(_minimum(position, "filters", "kernel") for position in positions)


def _minimum(values: Sequence[T], *keys: str) -> T:
    """Return the first of *values*, with the minimum over all values in each of *keys*."""
    minima: dict[str, Any] = {key: min(getattr(v, key) for v in values) for key in keys}
    return replace(values[0], **minima)


def _smallest_chain(chains: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], int | None]:
    """Return the minimum of chains of widths, position by position, narrow enough to carry.

    Returns:
        The widths of the smallest chain, and the narrowest width that a longer chain inserts behind
        it (None if no chain is longer). Where the smallest chain is empty, the flow must not be
        wider than that.
    """
    length = min(map(len, chains))
    widths = [min(position) for position in zip(*chains, strict=False)]
    inserted = [width for chain in chains for width in chain[length:]]
    carried = min(inserted, default=None)
    if widths and carried is not None:
        widths[-1] = min(widths[-1], carried)
    return tuple(widths), carried
