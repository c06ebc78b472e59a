"""Construct a cluster's MotherNet: the per-layer minimum from which every member can be hatched."""

from collections.abc import Sequence

from mnbench.architectures.value import Architecture, Block, Head, Layer
from mnbench.errors import UserError


def construct(architectures: Sequence[Architecture], *, name: str = "mothernet") -> Architecture:
    """Return the largest network from which every one of *architectures* can be hatched.

    Block by block (recalled): as many layers as the member with the fewest, and at each position
    the fewest filters and the smallest kernel. Members hatch position by position, and their
    further layers are inserted behind the MotherNet's last one as identities. An identity must
    carry all that flows there, so the last layer has no more filters than any of the layers that
    some member inserts behind it: [16, 8] and [16] give [8], not [16]. The hidden layers of the
    head follow the same rule; where a member has none, what they must carry is the last block.

    Raises:
        UserError: two of the networks are incompatible, see :func:`incompatibility`.
    """
    first = architectures[0]
    for other in architectures[1:]:
        if reason := incompatibility(first, other):
            raise UserError(f"no MotherNet of {first.name} and {other.name}: {reason}")
    blocks = [
        _smallest_block(position)
        for position in zip(*(network.blocks for network in architectures), strict=True)
    ]
    hidden, carried = _smallest_chain([network.head.hidden for network in architectures])
    if not hidden and carried is not None:
        *layers, last = blocks[-1].layers
        layers.append(Layer(min(last.filters, carried), last.kernel))
        blocks[-1] = Block(tuple(layers), blocks[-1].kind, blocks[-1].pool)
    return Architecture(tuple(blocks), first.stem, Head(first.head.pool, hidden), name=name)


def incompatibility(one: Architecture, other: Architecture) -> str | None:
    """Say why no function-preserving path can connect two networks' MotherNet to both, if so."""
    if one.stem != other.stem:
        return "their stems differ"
    if len(one.blocks) != len(other.blocks):
        return f"they have {len(one.blocks)} and {len(other.blocks)} blocks"
    for position, (a, b) in enumerate(zip(one.blocks, other.blocks, strict=True), 1):
        if a.kind != b.kind:
            return f"block {position} is {a.kind} in one and {b.kind} in the other"
        if a.pool != b.pool:
            return f"block {position} pools by {a.pool} in one and by {b.pool} in the other"
    if one.head.pool != other.head.pool:
        return f"one head pools by '{one.head.pool}', the other by '{other.head.pool}'"
    if one.head.pool == "flatten" and bool(one.head.hidden) != bool(other.head.hidden):
        return "behind a 'flatten' head, one has hidden layers and the other has none"
    return None


def _smallest_block(blocks: Sequence[Block]) -> Block:
    filters, _ = _smallest_chain([[layer.filters for layer in block.layers] for block in blocks])
    kernels = [
        min(layer.kernel for layer in position)
        for position in zip(*(block.layers for block in blocks), strict=False)
    ]
    layers = tuple(map(Layer, filters, kernels))
    return Block(layers, blocks[0].kind, blocks[0].pool)


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
