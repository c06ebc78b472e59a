"""Networks as integer vectors whose element-wise minimum is their MotherNet.

Clustering weighs hundreds of thousands of MotherNets of which it keeps a few: numpy takes their
minima and counts their parameters thousands at a time. That this says what
:func:`mnbench.mothernets.construct` and :func:`mnbench.architectures.parameter_count` say, a test
proves on random ensembles.

A network is a few chains of layers: its blocks, then its hidden layers. Each position of a chain
has three numbers: its width (0 where the chain has ended), the least width from here to the chain's
end (which is what an inserted layer can carry), and its kernel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnbench.architectures import Architecture

MOST = np.iinfo(np.int64).max  # the minimum of no networks

# The data set's shape adds about the same to every network: any will do for a comparison.
IN_CHANNELS, NUM_CLASSES, IMAGE_SIZE = 3, 10, 32


@dataclass(frozen=True, eq=False)
class Vectors:
    """The networks of an ensemble; only compatible ones have a meaningful minimum."""

    rows: np.ndarray  # int64 (networks, numbers)
    chains: int

    @classmethod
    def of(cls, networks: Sequence[Architecture]) -> "Vectors":
        """Write down *networks*, chains as long and as many as the largest one's."""
        chains = [_chains(network) for network in networks]
        count = max(map(len, chains))
        length = max(len(chain) for listed in chains for chain in listed)
        rows = [
            [*_frame(network), *_numbers(listed, count, length).ravel()]
            for network, listed in zip(networks, chains, strict=True)
        ]
        return cls(np.array(rows, dtype=np.int64), count)

    def parameters(self, rows: np.ndarray) -> np.ndarray:
        """Count the parameters of networks ``(m, numbers)``, minima of this ensemble's or not.

        Returns:
            int64 ``(m,)``.
        """
        flow, pixels = rows[:, 0], rows[:, 1]
        chains = rows[:, 2:].reshape(len(rows), 3, self.chains, -1)
        each = np.arange(len(rows))
        hidden = chains[:, :, -1]
        # Where no hidden layer is left, those that are inserted have to carry the last block.
        limit = np.where(hidden[:, 0, 0] == 0, hidden[:, 1, 0], MOST)
        total = np.zeros(len(rows), dtype=np.int64)
        for position in range(self.chains):
            is_head = position == self.chains - 1
            widths, least, kernels = (chains[:, kind, position] for kind in range(3))
            lengths = np.count_nonzero(widths, axis=1)
            last = least[each, lengths - 1]
            if position == self.chains - 2:
                last = np.minimum(last, limit)
            widths = widths.copy()
            widths[each, lengths - 1] = np.where(lengths, last, 0)
            if is_head:
                flow = flow * pixels
            inputs = np.concatenate([flow[:, None], widths[:, :-1]], axis=1)
            extra = 1 if is_head else 2  # a bias; or batch norm's scale and shift
            total += (widths * (inputs * kernels**2 + extra)).sum(axis=1)
            flow = np.where(lengths, last, flow)
        return total + (flow + 1) * NUM_CLASSES


def _chains(network: Architecture) -> list[list[tuple[int, int]]]:
    """The (width, kernel) of each layer, chain by chain, the head's hidden layers last."""
    blocks = [[(layer.filters, layer.kernel) for layer in block.layers] for block in network.blocks]
    return [*blocks, [(width, 1) for width in network.head.hidden]]


def _numbers(chains: list[list[tuple[int, int]]], count: int, length: int) -> np.ndarray:
    """Lay chains out as ``(3, count, length)``; missing chains come first, so the ends line up."""
    numbers = np.zeros((3, count, length), dtype=np.int64)
    numbers[1] = MOST
    for row, chain in zip(range(count - len(chains), count), chains, strict=True):
        for position, (width, kernel) in enumerate(chain):
            least = min(other for other, _ in chain[position:])
            numbers[:, row, position] = width, least, kernel
    return numbers


def _frame(network: Architecture) -> tuple[int, int]:
    """Channels behind the stem, and pixels of a channel that reach the head."""
    factor = network.stem.space_to_depth
    size = IMAGE_SIZE // factor
    for block in network.blocks:
        size //= block.pool
    return IN_CHANNELS * factor**2, size**2 if network.head.pool == "flatten" else 1
