"""Describe parts of a network as columns of integers whose minima describe the MotherNet's part.

Open this module when a new kind of block must be clustered. A segment stands for one part of
compatible networks. It says which numbers describe the part, and counts its parameters for many
networks at once. It repeats in numpy what :func:`mnbench.mothernets.construct` and
:func:`mnbench.architectures.parameter_count` compute for one network. A test compares both on
random networks of every family. With other prices of a weight and of batch norm it counts training
FLOPs (:func:`mnbench.architectures.training_flops`).

The trap: the minimum of a number over a group must be the MotherNet's number. So a missing layer
has width 0. Kernels are squared because parameter counts need their squares.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from mnbench.architectures import Block, Dense, Plain, Residual

UNBOUNDED = np.iinfo(np.int64).max  # the minimum of no numbers at all

Counted = tuple[np.ndarray, np.ndarray]  # parameters, and channels that flow out, each (m,)


B = TypeVar("B", bound=Block, contravariant=True)


class Segment(Protocol[B]):
    """One part of compatible networks, a block of kind B."""

    @property
    def columns(self) -> int:
        """Number of integers that describe the part."""

    def numbers(self, block: B) -> np.ndarray:
        """Describe a network's part: int64 ``(columns,)``."""

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """Count parameters of parts ``(m, columns)`` into which channels *flow* ``(m,)``."""


@dataclass(frozen=True)
class Chain:
    """Consecutive layers: a stem's convolution, a plain block, the head's hidden layers.

    The numbers are the layers' widths, the minimum width from each layer to the end, and the
    squared kernels. Where other members insert layers, that minimum must carry all that flows.
    """

    length: int
    extra: int = 2  # parameters of a channel beside its weights: batch norm's two, or one bias
    price: int = 1  # of a weight
    first: int = 1  # of a weight of the first layer

    @property
    def columns(self) -> int:
        """Number of integers: three for each layer."""
        return 3 * self.length

    def numbers(self, block: Plain) -> np.ndarray:
        """Describe a block: see :meth:`Segment.numbers`."""
        numbers = np.zeros((3, self.length), dtype=np.int64)
        numbers[1] = UNBOUNDED
        for position, layer in enumerate(block.layers):
            narrowest = min(following.filters for following in block.layers[position:])
            numbers[:, position] = layer.filters, narrowest, layer.kernel**2
        return numbers.ravel()

    def count(
        self, numbers: np.ndarray, flow: np.ndarray, limit: np.ndarray | int = UNBOUNDED
    ) -> Counted:
        """Count parameters: see :meth:`Segment.count`. At most *limit* channels flow out."""
        widths, narrowest, kernels = _parts(numbers, 3)
        lengths = np.count_nonzero(widths, axis=1)
        last = np.arange(len(numbers)), lengths - 1
        carried = np.minimum(narrowest[last], limit)
        widths = widths.copy()
        widths[last] = np.where(lengths, carried, 0)
        inputs = np.concatenate([flow[:, None], widths[:, :-1]], axis=1)
        weights = self.price * np.einsum("ij,ij,ij->i", inputs, widths, kernels)
        weights += (self.first - self.price) * inputs[:, 0] * widths[:, 0] * kernels[:, 0]
        return weights + self.extra * widths.sum(axis=1), np.where(lengths, carried, flow)

    def limit(self, numbers: np.ndarray) -> np.ndarray:
        """Return the width that must carry what flows in, if the MotherNet has no layer here.

        It is the narrowest layer that a member inserts; UNBOUNDED if the MotherNet has layers.
        """
        widths, narrowest, _ = _parts(numbers, 3)
        return np.where(widths[:, 0] == 0, narrowest[:, 0], UNBOUNDED)


@dataclass(frozen=True)
class Stream:
    """A residual block by its stream's width, its units' filters and squared kernels."""

    length: int
    block: Residual  # of any network: unit, shortcut and activation are the same in all
    norm: int = 2  # parameters of batch norm for a channel
    price: int = 1  # of a weight
    before: int = 1  # of a weight of the first unit before it strides, in a bottleneck

    @property
    def columns(self) -> int:
        """Number of integers: one, and two for each unit."""
        return 1 + 2 * self.length

    def numbers(self, block: Residual) -> np.ndarray:
        """Describe a block: see :meth:`Segment.numbers`."""
        return np.concatenate([[block.width], _layers(block, self.length)])

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """Count parameters: see :meth:`Segment.count`."""
        width = flow if self.block.shortcut == "identity" else numbers[:, 0]
        filters, kernels = _parts(numbers[:, 1:], 2)
        units, inner = np.count_nonzero(filters, axis=1), filters.sum(axis=1)
        # The flow enters the first unit, the stream enters the others.
        if self.block.unit == "basic":
            weights = np.einsum("ij,ij->i", filters, kernels)
            first, convolutions = filters[:, 0] * kernels[:, 0], 1
            total = 2 * width * weights
        else:
            first, convolutions = filters[:, 0], 2
            total = np.einsum("ij,ij,ij->i", filters, filters, kernels) + 2 * width * inner
        total = self.price * (total + (flow - width) * first)
        if self.block.unit == "bottleneck":
            total += (self.before - self.price) * flow * first
        # A norm stands behind the last convolution of a unit, or before its first.
        normalised = convolutions * inner + width * units
        total += self.norm * (normalised + self.block.preactivated * (flow - width))
        if self.block.shortcut == "projection":
            total += (self.price * flow + self.norm * (not self.block.preactivated)) * width
        return total, width


@dataclass(frozen=True)
class DenseChain:
    """A dense block by transition, bottleneck, growths and squared kernels."""

    length: int
    norm: int = 2  # parameters of batch norm for a channel
    price: int = 1  # of a weight

    @property
    def columns(self) -> int:
        """Number of integers: two, and two for each layer."""
        return 2 + 2 * self.length

    def numbers(self, block: Dense) -> np.ndarray:
        """Describe a block: see :meth:`Segment.numbers`."""
        return np.concatenate([[block.transition, block.bottleneck], _layers(block, self.length)])

    def count(self, numbers: np.ndarray, flow: np.ndarray) -> Counted:
        """Count parameters: see :meth:`Segment.count`."""
        transition, bottleneck = numbers[:, 0], numbers[:, 1, None]
        growths, kernels = _parts(numbers[:, 2:], 2)
        after = flow[:, None] + np.cumsum(growths, axis=1)
        inputs = np.where(growths, after - growths, 0)  # a missing layer reads nothing
        inner = bottleneck * growths
        price, norm = self.price, self.norm
        narrow = inputs * (price * inner + norm) + inner * (price * growths * kernels + norm)
        direct = inputs * (price * growths * kernels + norm)
        total = np.where(bottleneck, narrow, direct).sum(axis=1)
        flow = after[:, -1]
        compressed = transition > 0
        total += compressed * flow * (price * transition + norm)
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
