"""Construct a cluster's MotherNet: the per-layer minimum from which every member can be hatched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from mnbench.architectures import Architecture, Block, Dense, Head, Layer, Plain, Residual, Stem
from mnbench.errors import UserError

T = TypeVar("T")


def construct(architectures: Sequence[Architecture], *, name: str = "mothernet") -> Architecture:
    """Return the largest network from which every one of *architectures* can be hatched.

    Block by block (recalled): as many layers as the member with the fewest, and at each position
    the fewest filters and the smallest kernel; of residual blocks also the narrowest stream, of
    dense blocks the narrowest transition, of stems the fewest filters and the
    smallest kernel. Members hatch position by position, and their further layers are inserted
    behind the MotherNet's last one.

    Residual units and dense layers are inserted beside what flows, and so constrain nothing; a
    residual block whose shortcut is the identity is as wide as what flows in. In a chain, an
    inserted layer is the identity and must carry all that flows there, so a plain block's last
    layer has no more filters than any of the layers that some member inserts behind it: [16, 8] and
    [16] give [8], not [16]. The hidden layers of the head follow the same rule; where a member has
    none, what they must carry is the last block.

    Raises:
        UserError: two of the networks are incompatible, see :func:`incompatibility`.
    """
    first = architectures[0]
    for other in architectures[1:]:
        if reason := incompatibility(first, other):
            raise UserError(f"no MotherNet of {first.name} and {other.name}: {reason}")
    stem = _least([network.stem for network in architectures], "filters", "kernel")
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


def incompatibility(one: Architecture, other: Architecture) -> str | None:
    """Say why no function-preserving path can connect two networks' MotherNet to both, if so."""
    if one.library != other.library:
        return f"one is a network of a library, {one.library or other.library}"
    if reason := _stem_difference(one.stem, other.stem):
        return reason
    if len(one.blocks) != len(other.blocks):
        return f"they have {len(one.blocks)} and {len(other.blocks)} blocks"
    for position, (a, b) in enumerate(zip(one.blocks, other.blocks, strict=True), 1):
        if a.kind != b.kind:
            return f"block {position} is {a.kind} in one and {b.kind} in the other"
        for what, (in_one, in_other) in _fixed(a, b).items():
            if in_one != in_other:
                return f"block {position} {what.format(in_one, in_other)}"
    if one.head.pool != other.head.pool:
        return f"one head pools by '{one.head.pool}', the other by '{other.head.pool}'"
    if bool(one.head.hidden) != bool(other.head.hidden):
        # What is inserted first would have to carry the last block, and be the identity.
        if one.head.pool == "flatten":
            return "behind a 'flatten' head, one has hidden layers and the other has none"
        if not isinstance(one.blocks[-1], Plain):
            return (
                f"behind a {one.blocks[-1].kind} block, one has hidden layers and the other has "
                "none"
            )
    return None


def _stem_difference(one: Stem, other: Stem) -> str | None:
    if bool(one.filters) != bool(other.filters):
        return "one has a convolution in its stem and the other has none"
    for key in ("space_to_depth", "stride", "pool", "activated"):
        if getattr(one, key) != getattr(other, key):
            return f"their stems differ: {key} is {getattr(one, key)} and {getattr(other, key)}"
    return None


def _fixed(one: Block, other: Block) -> dict[str, tuple[object, object]]:
    """What two blocks of one kind must agree in: how to say it, and both values."""

    def both(key: str) -> tuple[object, object]:
        return getattr(one, key), getattr(other, key)

    if isinstance(one, Residual):
        return {
            "strides by {} in one and by {} in the other": both("stride"),
            "has {} units in one and {} units in the other": both("unit"),
            "has shortcuts by {} in one and by {} in the other": both("shortcut"),
            "is preactivated in one alone": both("preactivated"),
        }
    pools = {"pools by {} in one and by {} in the other": both("pool")}
    if isinstance(one, Plain):
        return pools
    return pools | {
        "has a transition in one alone": (bool(one.transition), bool(other.transition)),
        "has bottlenecks of {} in one and of {} in the other": both("bottleneck"),
    }


def _smallest_plain(blocks: Sequence[Plain], inputs: int) -> Plain:
    filters, _ = _smallest_chain([[layer.filters for layer in block.layers] for block in blocks])
    kernels = [layer.kernel for layer in _smallest_layers(blocks)]
    return replace(blocks[0], layers=tuple(map(Layer, filters, kernels)))


def _smallest_residual(blocks: Sequence[Residual], inputs: int) -> Residual:
    # A chain before may have made what flows in narrower than in any member.
    stream = _least(blocks, "width")
    width = inputs if stream.shortcut == "identity" else stream.width
    return replace(stream, width=width, layers=_smallest_layers(blocks))


def _smallest_dense(blocks: Sequence[Dense], inputs: int) -> Dense:
    return replace(_least(blocks, "transition"), layers=_smallest_layers(blocks))


_SMALLEST: Mapping[type[Block], Callable[..., Block]] = MappingProxyType(
    {Plain: _smallest_plain, Residual: _smallest_residual, Dense: _smallest_dense}
)


def _smallest_layers(blocks: Sequence[Block]) -> tuple[Layer, ...]:
    """The layers that all blocks have, each at its least."""
    positions = zip(*(block.layers for block in blocks), strict=False)
    return tuple(_least(position, "filters", "kernel") for position in positions)


def _least(values: Sequence[T], *keys: str) -> T:
    """The first of *values*, with the least that any has of each of *keys*."""
    return replace(values[0], **{key: min(getattr(v, key) for v in values) for key in keys})


def _smallest_chain(chains: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], int | None]:
    """Take the minimum of chains of widths position by position, the last one carried.

    Returns:
        The widths of the smallest chain, and, where it is empty, the least width that some chain
        inserts instead (None when all are empty): what flows there must not be wider.
    """
    length = min(map(len, chains))
    widths = [min(position) for position in zip(*chains, strict=False)]
    inserted = [width for chain in chains for width in chain[length:]]
    carried = min(inserted, default=None)
    if widths and carried is not None:
        widths[-1] = min(widths[-1], carried)
    return tuple(widths), carried
