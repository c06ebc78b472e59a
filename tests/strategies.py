"""Hypothesis strategies: random architectures, and ensembles of networks that can be clustered."""

import math
from dataclasses import replace

from hypothesis import strategies as st

from mnbench.architectures import Architecture, Block, Head, Layer, Stem

IMAGE_SIZE = 28  # every network here takes images of this size

layers = st.builds(Layer, filters=st.integers(1, 12), kernel=st.sampled_from([1, 3, 5]))
widths = st.integers(1, 12)
hidden_widths = st.lists(widths, max_size=2).map(tuple)


@st.composite
def frames(draw):
    """What compatible networks have in common: the stem, each block's pooling, the head's pooling.

    Returns:
        ``(space_to_depth, pools, head pool, whether there are hidden layers or None for "free")``.
    """
    factor = draw(st.sampled_from([1, 2]))
    pools = draw(
        st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3).filter(
            lambda pools: math.prod(pools) * factor <= IMAGE_SIZE
        )
    )
    head_pool = draw(st.sampled_from(["average", "flatten"]))
    hidden = draw(st.booleans()) if head_pool == "flatten" else None
    return factor, tuple(pools), head_pool, hidden


@st.composite
def networks(draw, frame=None, name="network"):
    """A random architecture, within *frame* if given."""
    factor, pools, head_pool, has_hidden = frame or draw(frames())
    blocks = tuple(
        Block(tuple(draw(st.lists(layers, min_size=1, max_size=4))), pool=pool) for pool in pools
    )
    if has_hidden is None:
        hidden = draw(hidden_widths)
    else:
        hidden = tuple(draw(st.lists(widths, min_size=1, max_size=2))) if has_hidden else ()
    return Architecture(blocks, Stem(factor), Head(head_pool, hidden), name=name)


@st.composite
def ensembles(draw, min_size=2, max_size=5):
    """Compatible random networks ``n1``, ``n2``, ... (some may be equal)."""
    frame = draw(frames())
    size = draw(st.integers(min_size, max_size))
    return tuple(draw(networks(frame, name=f"n{i}")) for i in range(1, size + 1))


def plain(*blocks, hidden=(), pool="average", stem=1, name="network"):
    """Write an architecture by hand: a layer is its filters or ``(filters, kernel)``."""
    return Architecture(
        tuple(
            Block(tuple(Layer(*(layer if isinstance(layer, tuple) else (layer,))) for layer in b))
            for b in blocks
        ),
        Stem(stem),
        Head(pool, hidden),
        name=name,
    )


def with_layers(network, index, new):
    """Return *network* with the layers of block *index* (from 0) replaced."""
    blocks = list(network.blocks)
    blocks[index] = replace(blocks[index], layers=tuple(new))
    return replace(network, blocks=tuple(blocks))
