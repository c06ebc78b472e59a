"""The replication of channels: which channel of the MotherNet each channel of a member repeats.

Open this module to see why widening preserves the function: :func:`expanded` shares a weight out
among replicas. The trap: a new channel (NEW, -1) is no channel of the MotherNet, so clamp it before
indexing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

NEW = -1  # a channel that the MotherNet does not have


@dataclass(frozen=True, eq=False)
class Flow:
    """A member's channels between two layers, in terms of its MotherNet's channels.

    Attributes:
        source: int64 ``(member's channels,)``, the MotherNet's channel that each repeats, or NEW.
        width: number of the MotherNet's channels.
    """

    source: Tensor
    width: int

    @classmethod
    def same(cls, width: int, device: torch.device) -> "Flow":
        """Return a flow in which each of *width* channels occurs once."""
        return cls(torch.arange(width, device=device), width)

    @classmethod
    def widened(
        cls, width: int, wider: int, device: torch.device, generator: torch.Generator | None
    ) -> "Flow":
        """Return a flow of *wider* channels that repeat *width* channels evenly.

        Each channel is repeated ``wider / width`` times, rounded up or down: in order without a
        *generator*, at random with one.
        """
        turns = -(-wider // width)
        orders = [torch.arange(width)] + [
            torch.arange(width) if generator is None else torch.randperm(width, generator=generator)
            for _ in range(turns - 1)
        ]
        return cls(torch.cat(orders)[:wider].to(device), width)

    @property
    def is_new(self) -> Tensor:
        """Whether the MotherNet lacks each channel: bool ``(member's channels,)``."""
        return self.source == NEW

    @property
    def repeats(self) -> Tensor:
        """Number of replicas of each channel's source: int64 ``(member's channels,)``."""
        return torch.bincount(self.source + 1)[self.source + 1]

    def joined(self, appended: "Flow") -> "Flow":
        """Return the flow behind concatenating both flows' channels."""
        source = torch.where(appended.is_new, NEW, appended.source + self.width)
        return Flow(torch.cat([self.source, source]), self.width + appended.width)

    def extended(self, channels: int) -> "Flow":
        """Return the flow behind concatenating a number of new channels."""
        return Flow(torch.cat([self.source, self.source.new_full((channels,), NEW)]), self.width)

    def flattened(self, positions: int) -> "Flow":
        """Return the flow behind flattening channels of *positions* pixels, channel by channel."""
        pixel = torch.arange(positions, device=self.source.device)
        features = self.source[:, None] * positions + pixel
        features[self.is_new] = NEW
        return Flow(features.flatten(), self.width * positions)


def expanded(
    weight: Tensor, inputs: Flow, outputs: Flow, split: torch.Generator | None = None
) -> Tensor:
    """Return a weight replicated along both flows, shared out among each input's replicas.

    Args:
        weight: the MotherNet's, ``(outputs.width, inputs.width, ...)``.
        inputs: the flow that the layer reads; new channels get zeros.
        outputs: the flow behind the layer; new channels get zeros.
        split: draws the shares of replicas, for each output anew, uniformly among those that add up
            to one. Replicas are then told different things and part (LEMON: Wang et al. 2024,
            section 4.1, there one share for all outputs). None gives equal shares.

    Returns:
        The member's weight, ``(channels of outputs, channels of inputs, ...)``.
    """
    repeated = weight[outputs.source.clamp_min(0)][:, inputs.source.clamp_min(0)]
    if split is None:
        repeated = repeated / inputs.repeats.to(weight.dtype).view(1, -1, *[1] * (weight.ndim - 2))
    else:
        shares = _random_shares(inputs, len(outputs.source), split).to(weight)
        repeated = repeated * shares.view(*shares.shape, *[1] * (weight.ndim - 2))
    repeated[outputs.is_new] = 0
    repeated[:, inputs.is_new] = 0
    return repeated


def _random_shares(inputs: Flow, outputs: int, split: torch.Generator) -> Tensor:
    """Return shares of each source's replicas that add up to one: float64 ``(outputs, inputs)``.

    Exponential numbers over their sum are uniform on the simplex.
    """
    source = inputs.source.cpu()
    draws = torch.empty(outputs, len(source), dtype=torch.float64).exponential_(generator=split)
    draws[:, source == NEW] = 0
    sums = torch.zeros(outputs, inputs.width, dtype=torch.float64)
    sums.index_add_(1, source.clamp_min(0), draws)
    return draws / sums[:, source.clamp_min(0)].clamp_min(torch.finfo(torch.float64).tiny)
