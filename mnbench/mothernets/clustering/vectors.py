"""Describe networks as integer vectors whose element-wise minimum describes their MotherNet.

Open this module to see why clustering is fast. A search compares hundreds of thousands of
MotherNets and keeps a few. numpy takes their minima and counts their parameters thousands at a
time. Whatever is called parameters in this folder is training FLOPs where networks are clustered by
these. The trap: columns mean something else in each compatible class.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from mnbench.architectures import (
    Architecture,
    Block,
    Dense,
    Layer,
    Plain,
    Residual,
    parameter_count,
    training_flops,
)
from mnbench.architectures.counts import operations_by_part, shapes_between
from mnbench.mothernets.clustering.segments import Chain, DenseChain, Segment, Stream
from mnbench.mothernets.construction import incompatibility

PARAMETERS, TRAINING_FLOPS = MEASURES = ("parameters", "training_flops")
CHUNK = 2048  # rows counted together, to fit into a core's cache


@dataclass(frozen=True)
class ImageShape:
    """The shape of the images, on which parameter counts depend."""

    in_channels: int = 3
    num_classes: int = 10
    image_size: int = 32


@dataclass(frozen=True, eq=False)
class Vectors:
    """The networks to cluster; only those of one compatible class have a meaningful minimum.

    Being compatible is an equivalence, so every network is of exactly one class.

    Attributes:
        rows: int64 ``(networks, numbers)``; each class has its own columns, from the left.
        class_numbers: each network's class, int64 ``(networks,)``, by first appearance from 0.
        layouts: for each class, the meaning of its columns.
        parameters: int64 ``(networks,)``.
    """

    rows: np.ndarray
    class_numbers: np.ndarray
    layouts: tuple["Layout", ...]
    parameters: np.ndarray

    @classmethod
    def of(
        cls, networks: Sequence[Architecture], shape: ImageShape, by: str = PARAMETERS
    ) -> "Vectors":
        """Describe *networks* for images of *shape*, to be counted by one of :data:`MEASURES`."""
        class_numbers = np.array(_class_numbers(networks))
        kin = [
            np.flatnonzero(class_numbers == class_number).tolist()
            for class_number in range(class_numbers.max() + 1)
        ]
        layouts = tuple(Layout.of([networks[i] for i in members], shape, by) for members in kin)
        rows = np.zeros((len(networks), max(layout.columns for layout in layouts)), dtype=np.int64)
        parameters = np.zeros(len(networks), dtype=np.int64)
        for layout, members in zip(layouts, kin, strict=True):
            for i in members:
                rows[i, : layout.columns] = layout.numbers(networks[i])
            parameters[members] = layout.count(rows[members])
        return cls(rows, class_numbers, layouts, parameters)

    @cached_property
    def pairs(self) -> np.ndarray:
        """Parameters of the MotherNet of any two networks, ``(networks, networks)``; -1: none."""
        counts = np.full((len(self.rows), len(self.rows)), -1)
        i, j = np.nonzero(np.triu(self.class_numbers[:, None] == self.class_numbers))
        counts[i, j] = counts[j, i] = self.together(
            self.rows, i, self.rows, j, self.class_numbers[i]
        )
        return counts

    def together(
        self,
        left: np.ndarray,
        i: np.ndarray,
        right: np.ndarray,
        j: np.ndarray,
        class_numbers: np.ndarray,
    ) -> np.ndarray:
        """Count the parameters of the MotherNets of ``left[i]`` and ``right[j]``, pair by pair.

        Args:
            left, right: int64 ``(any, numbers)``.
            i, j: rows of *left* and *right*, ``(m,)``.
            class_numbers: each pair's class, ``(m,)``.

        Returns:
            int64 ``(m,)``.
        """
        counts = np.empty(len(i), dtype=np.int64)
        for start in range(0, len(i), CHUNK):
            part = slice(start, start + CHUNK)
            rows = np.minimum(left[i[part]], right[j[part]])
            counts[part] = self.count(rows, class_numbers[part])
        return counts

    def count(self, rows: np.ndarray, class_numbers: np.ndarray) -> np.ndarray:
        """Count the parameters of networks or of their minima.

        Args:
            rows: int64 ``(m, numbers)``.
            class_numbers: each row's class, ``(m,)``.

        Returns:
            int64 ``(m,)``.
        """
        if len(self.layouts) == 1:
            return self.layouts[0].count(rows)
        counts = np.empty(len(rows), dtype=np.int64)
        for class_number in np.unique(class_numbers):
            kin = class_numbers == class_number
            counts[kin] = self.layouts[class_number].count(rows[kin])
        return counts


@dataclass(frozen=True)
class Layout:
    """The meaning of the columns of one compatible class's vectors, segment by segment.

    Attributes:
        channels: channels behind space to depth.
        body: the segment of the stem, if it has a convolution, and those of the blocks.
        closes: for each of them, whether batch norm stands behind it.
        pixels: pixels of a channel that reach the head.
        hidden: the segment of the hidden layers, if any network has some.
        classes: number of logits.
        library: parameters of each network, if these are equal networks of a library; else 0.
        norm: parameters of batch norm for a channel.
        price: of a weight of the classifier.
        bias: parameters of a class beside its weights.
    """

    channels: int
    body: tuple[Segment[Any], ...]  # each takes its own kind of block
    closes: tuple[bool, ...]
    pixels: int
    hidden: Chain | None
    classes: int
    library: int
    norm: int = 2
    price: int = 1
    bias: int = 1

    @classmethod
    def of(cls, networks: Sequence[Architecture], shape: ImageShape, by: str) -> "Layout":
        """Make a layout with room for all of *networks*, which are compatible."""
        layout = cls._of_parameters(networks, shape)
        return layout if by == PARAMETERS else layout._priced(networks[0], shape)

    @classmethod
    def _of_parameters(cls, networks: Sequence[Architecture], shape: ImageShape) -> "Layout":
        first, hidden = networks[0], max(len(network.head.hidden) for network in networks)
        body: list[Segment[Any]] = []
        closes = []
        if first.stem.filters:
            body.append(Chain(1, extra=2 * first.stem.activated))
            closes.append(False)
        for position in range(len(first.blocks)):
            body.append(_segment([network.blocks[position] for network in networks]))
            closes.append(first.closes(position))
        return cls(
            channels=shape.in_channels * first.stem.space_to_depth**2,
            body=tuple(body),
            closes=tuple(closes),
            pixels=_pixels(first, shape),
            hidden=Chain(hidden, extra=1) if hidden else None,
            classes=shape.num_classes,
            library=parameter_count(first, **asdict(shape)) if first.library else 0,
        )

    def _priced(self, network: Architecture, shape: ImageShape) -> "Layout":
        """Return the layout that counts training FLOPs, see :func:`training_flops`.

        A weight is multiplied and added at every pixel of its output, in the forward pass and for
        both gradients. The first layer's inputs need none. All *network*'s kin have its sizes.
        """
        if network.library:
            return replace(self, library=_training_flops(network, shape))
        parts = operations_by_part(network, shape.image_size, shape.in_channels, shape.num_classes)
        # Not those of closing batch norms, which have no weights.
        convolved = ([operation for operation in part if operation.inputs] for part in parts)
        sizes = [[operation.size for operation in part] for part in convolved if part]
        body = tuple(
            _priced_segment(segment, of_part)
            for segment, of_part in zip(self.body, sizes, strict=False)
        )
        hidden = self.hidden and replace(self.hidden, extra=0, price=_price(1), first=_price(1))
        if body and isinstance(body[0], Chain):  # as always: units and dense layers need a stem
            body = (replace(body[0], first=_price(sizes[0][0], passes=2)), *body[1:])
        elif hidden:
            hidden = replace(hidden, first=_price(1, passes=2))
        return replace(self, body=body, hidden=hidden, norm=0, price=_price(1), bias=0)

    @property
    def columns(self) -> int:
        """Number of integers that describe a network."""
        return sum(part.columns for part in (*self.body, self.hidden) if part)

    def numbers(self, network: Architecture) -> np.ndarray:
        """Describe *network*: int64 ``(columns,)``."""
        stem, parts = network.stem, list(network.blocks)
        if stem.filters:
            parts.insert(0, Plain((Layer(stem.filters, stem.kernel),)))
        numbers = [part.numbers(block) for part, block in zip(self.body, parts, strict=True)]
        if self.hidden:
            layers = tuple(Layer(width, 1) for width in network.head.hidden)
            numbers.append(self.hidden.numbers(Plain(layers)))
        return np.concatenate([np.zeros(0, dtype=np.int64), *numbers])

    def count(self, rows: np.ndarray) -> np.ndarray:
        """Count parameters: int64 ``(m, at least columns)`` to int64 ``(m,)``."""
        if self.library:
            return np.full(len(rows), self.library)
        total, flow = np.zeros(len(rows), dtype=np.int64), np.full(len(rows), self.channels)
        start, end = 0, self.columns
        if self.hidden:
            hidden = rows[:, end - self.hidden.columns : end]
        for segment, closes in zip(self.body, self.closes, strict=True):
            numbers = rows[:, start : start + segment.columns]
            start += segment.columns
            if segment is self.body[-1] and isinstance(segment, Chain) and self.hidden:
                more, flow = segment.count(numbers, flow, limit=self.hidden.limit(hidden))
            else:
                more, flow = segment.count(numbers, flow)
            total += more + self.norm * closes * flow
        flow = flow * self.pixels
        if self.hidden:
            more, flow = self.hidden.count(hidden, flow)
            total += more
        return total + (self.price * flow + self.bias) * self.classes


def _segment(blocks: Sequence[Block]) -> Segment[Any]:
    """Return a segment with room for all *blocks* at one position."""
    length = max(len(block.layers) for block in blocks)
    if isinstance(blocks[0], Residual):
        return Stream(length, blocks[0])
    return DenseChain(length) if isinstance(blocks[0], Dense) else Chain(length)


def _price(size: int, passes: int = 3) -> int:
    """Return the FLOPs of a weight at every pixel of an output of *size*."""
    return 2 * passes * size**2


def _priced_segment(segment: Segment[Any], sizes: Sequence[int]) -> Segment[Any]:
    """Return a segment that counts training FLOPs, by the sizes of its first operations."""
    price = _price(sizes[0])
    match segment:
        case Stream():
            return replace(segment, norm=0, price=_price(sizes[1]), before=price)
        case DenseChain():
            return replace(segment, norm=0, price=price)
        case Chain():
            return replace(segment, extra=0, price=price, first=price)
    raise TypeError(f"{type(segment).__name__} has no prices")


def _training_flops(network: Architecture, shape: ImageShape) -> int:
    options = asdict(shape)
    return training_flops(network, options.pop("image_size"), **options)


def _pixels(network: Architecture, shape: ImageShape) -> int:
    """Count a channel's pixels that reach the head: the same for all compatible networks."""
    if network.library or network.head.pool == "average":
        return 1
    *_, last = shapes_between(network, shape.image_size, shape.in_channels)
    return last.size**2


def _class_numbers(networks: Sequence[Architecture]) -> list[int]:
    """List the number of each network's compatible class, from 0 by first appearance."""
    founders: list[Architecture] = []
    class_numbers = []
    for network in networks:
        kin = (i for i, founder in enumerate(founders) if not incompatibility(founder, network))
        class_numbers.append(next(kin, len(founders)))
        if class_numbers[-1] == len(founders):
            founders.append(network)
    return class_numbers
