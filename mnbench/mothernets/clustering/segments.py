"""The parts of a network as columns of integers whose least values are a MotherNet's part.

A segment says, for one part of a family's networks, which numbers describe it and how many
parameters it has with given numbers, for many networks at once. It repeats in numpy what
:func:`mnbench.mothernets.construct` and :func:`mnbench.architectures.parameter_count` say of one
network; a test proves on random ensembles of every family that it says the same.

Every number must be one whose minimum over a group is the MotherNet's. A layer that is not there
has width 0, and kernels are written squared, since that is how they count.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mnbench.architectures import Block, Dense, Plain, Residual

MOST = np.iinfo(np.int64).max  # the minimum of nothing

Counted = tuple[np.ndarray, np.ndarray]  # parameters, and channels that flow out, each (m,)


class Segment(Protocol):
    """A part of the networks of one family."""

    @property
    def columns(self) -> int:
        """How many numbers describe the part."""

    def numbers(self, block: Block) -> np.ndarray:
        """Write a network's part down: int64 ``(columns,)``."""

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """Count parameters where channels *flow* in ``(m,)``; *numbers* are ``(m, columns)``."""


@dataclass(frozen=True)
class Chain:
    """Layers one behind the other: a stem's convolution, a plain block, the head's hidden layers.

    Its numbers are the layers' widths; for each position the least width from there to the end,
    which is what must carry all that flows where other members insert layers; squared kernels.
    """

    length: int
    extra: int = 2  # parameters of a channel beside its weights: batch norm's two, or one bias

    @property
    def columns(self) -> int:
        """Three for each layer."""
        return 3 * self.length

    def numbers(self, block: Plain) -> np.ndarray:
        """As :meth:`Segment.numbers`."""
        numbers = np.zeros((3, self.length), dtype=np.int64)
        numbers[1] = MOST
        for position, layer in enumerate(block.layers):
            least = min(other.filters for other in block.layers[position:])
            numbers[:, position] = layer.filters, least, layer.kernel**2
        return numbers.ravel()

    def count(
        self, numbers: np.ndarray, flow: np.ndarray, limit: np.ndarray | int = MOST
    ) -> Counted:
        """As :meth:`Segment.count`; what flows out is at most *limit*."""
        widths, least, kernels = _parts(numbers, 3)
        lengths = np.count_nonzero(widths, axis=1)
        last = np.arange(len(numbers)), lengths - 1
        carried = np.minimum(least[last], limit)
        widths = widths.copy()
        widths[last] = np.where(lengths, carried, 0)
        inputs = np.concatenate([flow[:, None], widths[:, :-1]], axis=1)
        weights = np.einsum("ij,ij,ij->i", inputs, widths, kernels)
        return weights + self.extra * widths.sum(axis=1), np.where(lengths, carried, flow)

    def limit(self, numbers: np.ndarray) -> np.ndarray:
        """What must carry what flows in: where no layer is left, all that other members insert."""
        widths, least, _ = _parts(numbers, 3)
        return np.where(widths[:, 0] == 0, least[:, 0], MOST)


@dataclass(frozen=True)
class Stream:
    """A residual block. Its numbers: the stream's width, units' filters, their squared kernels."""

    length: int
    block: Residual  # for what all networks of the family have in common

    @property
    def columns(self) -> int:
        """One, and two for each unit."""
        return 1 + 2 * self.length

    def numbers(self, block: Residual) -> np.ndarray:
        """As :meth:`Segment.numbers`."""
        return np.concatenate([[block.width], _layers(block, self.length)])

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """As :meth:`Segment.count`."""
        width = flow if self.block.shortcut == "identity" else numbers[:, 0]
        filters, kernels = _parts(numbers[:, 1:], 2)
        units, inner = np.count_nonzero(filters, axis=1), filters.sum(axis=1)
        # All that enters the first unit is flow, what enters the others is the stream.
        if self.block.unit == "basic":
            weights = np.einsum("ij,ij->i", filters, kernels)
            first, convolutions = filters[:, 0] * kernels[:, 0], 1
            total = 2 * width * weights
        else:
            first, convolutions = filters[:, 0], 2
            total = np.einsum("ij,ij,ij->i", filters, filters, kernels) + 2 * width * inner
        total += (flow - width) * first + 2 * convolutions * inner
        # A norm stands behind the last convolution of a unit, or before its first.
        total += 2 * width * units + 2 * self.block.preactivated * (flow - width)
        if self.block.shortcut == "projection":
            total += (flow + 2 * (not self.block.preactivated)) * width
        return total, width


@dataclass(frozen=True)
class Growth:
    """A dense block. Its numbers: transition, bottleneck, growths, squared kernels."""

    length: int

    @property
    def columns(self) -> int:
        """Two, and two for each layer."""
        return 2 + 2 * self.length

    def numbers(self, block: Dense) -> np.ndarray:
        """As :meth:`Segment.numbers`."""
        return np.concatenate([[block.transition, block.bottleneck], _layers(block, self.length)])

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """As :meth:`Segment.count`."""
        transition, bottleneck = numbers[:, 0], numbers[:, 1, None]
        growths, kernels = _parts(numbers[:, 2:], 2)
        after = flow[:, None] + np.cumsum(growths, axis=1)
        inputs = np.where(growths, after - growths, 0)  # of a layer that is there
        inner = bottleneck * growths
        narrow = inputs * (inner + 2) + inner * (growths * kernels + 2)
        direct = inputs * (growths * kernels + 2)
        total = np.where(bottleneck, narrow, direct).sum(axis=1)
        flow = after[:, -1]
        compressed = transition > 0
        total += compressed * flow * (transition + 2)
        return total, np.where(compressed, transition, flow)


def _parts(numbers: np.ndarray, count: int) -> np.ndarray:
    """Split the columns: ``(m, count * length)`` to ``(count, m, length)``."""
    rows, columns = numbers.shape
    return numbers.reshape(rows, count, columns // count).swapaxes(0, 1)


def _layers(block: Block, length: int) -> np.ndarray:
    numbers = np.zeros((2, length), dtype=np.int64)
    for position, layer in enumerate(block.layers):
        numbers[:, position] = layer.filters, layer.kernel**2
    return numbers.ravel()
