"""Which channel of the MotherNet each channel of a member repeats."""

from dataclasses import dataclass

import torch
from torch import Tensor

NEW = -1  # a channel that the MotherNet does not have


@dataclass(frozen=True, eq=False)
class Flow:
    """What flows between two layers of a member, in terms of its MotherNet's channels.

    Attributes:
        source: int64 ``(member's channels,)``, the MotherNet's channel that each repeats, or NEW.
        width: number of the MotherNet's channels.
    """

    source: Tensor
    width: int

    @classmethod
    def same(cls, width: int, device: torch.device) -> "Flow":
        """Every channel once."""
        return cls(torch.arange(width, device=device), width)

    @classmethod
    def widened(
        cls, width: int, wider: int, device: torch.device, generator: torch.Generator | None
    ) -> "Flow":
        """Let *wider* channels repeat *width* ones as evenly as can be, by turns or at random."""
        turns = -(-wider // width)
        orders = [torch.arange(width)] + [
            torch.arange(width) if generator is None else torch.randperm(width, generator=generator)
            for _ in range(turns - 1)
        ]
        return cls(torch.cat(orders)[:wider].to(device), width)

    @property
    def is_new(self) -> Tensor:
        """Bool ``(member's channels,)``."""
        return self.source == NEW

    @property
    def repeats(self) -> Tensor:
        """How often the channel that each of the member's channels repeats occurs."""
        return torch.bincount(self.source + 1)[self.source + 1]

    def joined(self, other: "Flow") -> "Flow":
        """The flow behind concatenating channels."""
        behind = torch.where(other.is_new, NEW, other.source + self.width)
        return Flow(torch.cat([self.source, behind]), self.width + other.width)

    def extended(self, channels: int) -> "Flow":
        """The flow behind concatenating so many new channels."""
        return Flow(torch.cat([self.source, self.source.new_full((channels,), NEW)]), self.width)

    def flattened(self, positions: int) -> "Flow":
        """The flow behind flattening channels of *positions* pixels each, channel by channel."""
        pixel = torch.arange(positions, device=self.source.device)
        features = self.source[:, None] * positions + pixel
        features[self.is_new] = NEW
        return Flow(features.flatten(), self.width * positions)


def expanded(weight: Tensor, inputs: Flow, outputs: Flow) -> Tensor:
    """Repeat a weight along both flows, and divide it by how often each input is repeated.

    Args:
        weight: the MotherNet's, ``(outputs.width, inputs.width, ...)``.
        inputs: what flows in; new channels get zeros.
        outputs: what flows out; new channels get zeros.

    Returns:
        The member's weight, ``(channels of outputs, channels of inputs, ...)``.
    """
    share = inputs.repeats.to(weight.dtype).view(1, -1, *[1] * (weight.ndim - 2))
    repeated = weight[outputs.source.clamp_min(0)][:, inputs.source.clamp_min(0)] / share
    repeated[outputs.is_new] = 0
    repeated[:, inputs.is_new] = 0
    return repeated
