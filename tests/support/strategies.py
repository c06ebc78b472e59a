"""Hypothesis strategies: random architectures, and compatible ones that can be clustered."""

import math
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from mnbench.architectures import Architecture, Block, Dense, Head, Layer, Plain, Residual, Stem

IMAGE_SIZE = 28  # every network here takes images of this size
FAMILIES = ("vgg", "resnet", "wide_resnet", "densenet", "hybrid", "mlp")

widths = st.integers(1, 8)
kernels = st.sampled_from([1, 3, 5])
layers = st.builds(Layer, filters=widths, kernel=kernels)
growths = st.builds(Layer, filters=st.integers(1, 4), kernel=kernels)


@dataclass(frozen=True)
class Frame:
    """Hold what compatible networks have in common.

    Attributes:
        stem: filters are 0, or 1 for any number of them.
        blocks: without their layers; a number of channels is 0, or 1 for any.
        pool: of the head.
        hidden: whether the head has hidden layers; None leaves it to each network.
    """

    stem: Stem
    blocks: tuple[Block, ...]
    pool: str
    hidden: bool | None

    @property
    def shrinks(self) -> int:
        """Factor by which images shrink up to the last block, without rounding."""
        own = self.stem.space_to_depth * self.stem.stride * self.stem.pool
        return own * math.prod(
            block.stride if isinstance(block, Residual) else block.pool for block in self.blocks
        )


# Blocks and stems without their numbers

one_to_three = st.sampled_from([1, 2, 3])
one_or_two = st.sampled_from([1, 2])


@st.composite
def residual_blocks(draw, preactivated):
    shortcut = draw(st.sampled_from(["identity", "padding", "projection"]))
    return Residual(
        layers=(),
        width=1,
        stride=1 if shortcut == "identity" else draw(one_or_two),
        unit=draw(st.sampled_from(["basic", "bottleneck"])),
        shortcut=shortcut,
        preactivated=preactivated,
    )


PLAIN = st.builds(Plain, layers=st.just(()), pool=one_to_three)
RESIDUAL = residual_blocks(preactivated=False)
PREACTIVATED = residual_blocks(preactivated=True)
DENSE = st.builds(
    Dense,
    layers=st.just(()),
    transition=st.sampled_from([0, 1]),
    bottleneck=st.integers(0, 3),
    pool=one_or_two,
)
KINDS = {
    "vgg": PLAIN,
    "resnet": RESIDUAL,
    "wide_resnet": PREACTIVATED,
    "densenet": DENSE,
    "hybrid": st.one_of(PLAIN, RESIDUAL, PREACTIVATED, DENSE),
}


@st.composite
def stems(draw, first):
    """Draw a stem for networks that begin with the block *first* (None: no blocks)."""
    factor = draw(one_or_two)
    if isinstance(first, Plain | None) and draw(st.booleans()):
        return Stem(factor)
    return Stem(
        space_to_depth=factor,
        filters=1,
        stride=draw(one_or_two),
        pool=draw(one_or_two),
        activated=draw(st.booleans()) if first and first.preactivated else True,
    )


@st.composite
def frames(draw, family=None):
    """Draw a frame of *family* (one of FAMILIES; None is any)."""
    family = family or draw(st.sampled_from(FAMILIES))
    if family == "mlp":
        return Frame(draw(stems(None)), (), "flatten", hidden=True)
    blocks = draw(st.lists(KINDS[family], min_size=1 + (family == "hybrid"), max_size=3))
    if family == "hybrid" and len({block.kind for block in blocks}) == 1:
        others = PLAIN if isinstance(blocks[0], Residual | Dense) else st.one_of(RESIDUAL, DENSE)
        blocks[draw(st.integers(0, len(blocks) - 1))] = draw(others)
    if family == "densenet":
        blocks[-1] = replace(blocks[-1], transition=0)
    pool = draw(st.sampled_from(["average", "flatten"]))
    free = pool == "average" and isinstance(blocks[-1], Plain)
    hidden = None if free else draw(st.booleans())
    frame = Frame(draw(stems(blocks[0])), tuple(blocks), pool, hidden)
    return _fitted(frame)


def _fitted(frame):
    """Return *frame* without strides and pools, from the end, that shrink images below a pixel."""
    blocks = list(frame.blocks)
    for i in reversed(range(len(blocks))):
        if frame.shrinks > IMAGE_SIZE:
            key = "stride" if isinstance(blocks[i], Residual) else "pool"
            blocks[i] = replace(blocks[i], **{key: 1})
            frame = replace(frame, blocks=tuple(blocks))
    return frame


# Networks


@st.composite
def networks(draw, frame=None, name="network", family=None):
    """Draw an architecture: within *frame*, or of *family*, or any."""
    frame = frame or draw(frames(family))
    stem = frame.stem
    if stem.filters:
        stem = replace(stem, filters=draw(widths), kernel=draw(kernels))
    blocks, channels = [], stem.filters
    for block in frame.blocks:
        blocks.append(draw(filled(block, channels)))
        channels = blocks[-1].outputs(channels)
    has_hidden = draw(st.booleans()) if frame.hidden is None else frame.hidden
    hidden = tuple(draw(st.lists(widths, min_size=1, max_size=2))) if has_hidden else ()
    return Architecture(tuple(blocks), stem, Head(frame.pool, hidden), name=name)


@st.composite
def filled(draw, block, channels):
    """Fill a frame's block, which *channels* enter, with layers and numbers of channels."""
    if isinstance(block, Plain):
        return replace(block, layers=tuple(draw(st.lists(layers, min_size=1, max_size=4))))
    if isinstance(block, Residual):
        minimum = {"identity": channels, "padding": channels, "projection": 1}[block.shortcut]
        maximum = channels if block.shortcut == "identity" else max(8, channels + 3)
        units = draw(st.lists(layers, min_size=1, max_size=3))
        return replace(block, layers=tuple(units), width=draw(st.integers(minimum, maximum)))
    return replace(
        block,
        layers=tuple(draw(st.lists(growths, min_size=1, max_size=3))),
        transition=draw(widths) if block.transition else 0,
    )


@st.composite
def ensembles(draw, min_size=2, max_size=5, family=None):
    """Draw compatible networks ``n1``, ``n2``, ... of *family* or any (some may be equal)."""
    frame = draw(frames(family))
    size = draw(st.integers(min_size, max_size))
    return tuple(draw(networks(frame, name=f"n{i}")) for i in range(1, size + 1))


# By hand


def listed(*layers):
    """Return layers by hand: each is its filters or ``(filters, kernel)``."""
    return tuple(Layer(*(layer if isinstance(layer, tuple) else (layer,))) for layer in layers)


def plain(*blocks, hidden=(), pool="average", stem=1, name="network"):
    """Return a network of plain blocks by hand; a block is a list as in :func:`listed`."""
    return Architecture(
        tuple(Plain(listed(*block)) for block in blocks), Stem(stem), Head(pool, hidden), name=name
    )


def units(width, *layers, **keys):
    """Return a residual block by hand."""
    return Residual(listed(*layers), width, **keys)


def dense(*layers, **keys):
    """Return a dense block by hand."""
    return Dense(listed(*layers), **keys)


def network(*blocks, stem=4, hidden=(), pool="average", name="network"):
    """Return a network of any blocks by hand; *stem* is a value or its filters."""
    stem = stem if isinstance(stem, Stem) else Stem(filters=stem)
    return Architecture(blocks, stem, Head(pool, hidden), name=name)


def mlp(*hidden, stem=1, name="network"):
    """Return a fully connected network by hand; *stem* is its space to depth."""
    return Architecture(stem=Stem(stem), head=Head("flatten", hidden), name=name)


def with_layers(network, index, new):
    """Return *network* with the layers of block *index* (from 0) replaced."""
    blocks = list(network.blocks)
    blocks[index] = replace(blocks[index], layers=tuple(new))
    return replace(network, blocks=tuple(blocks))
