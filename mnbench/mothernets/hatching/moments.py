"""Means and variances in front of an inserted layer, which its batch norm must undo.

Open this module when a hatched network differs from its MotherNet in training mode. The trap: what
is measured must be what training will see, so a copy of the MotherNet runs in training mode.
"""

import copy
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

Moments = tuple[Tensor, Tensor]  # mean and variance of each channel


@torch.no_grad()
def measured(network: nn.Module, images: Tensor, places: Sequence[nn.Module]) -> Iterator[Moments]:
    """Measure what leaves each of *places*, submodules of *network*, in training mode.

    Args:
        network: stays unchanged.
        images: ``(n, channels, height, width)``, normalised as in training.
        places: modules, in any order.

    Yields:
        Mean and variance ``(channels,)``, place by place.
    """
    # In training mode, as a member will see them; on a copy, whose running statistics may move.
    memo: dict[int, nn.Module] = {}
    moments: dict[nn.Module, Moments] = {}

    def record(place: nn.Module, inputs: object, output: Tensor) -> None:
        variance, mean = torch.var_mean(output, dim=(0, 2, 3), correction=0)
        moments[place] = mean, variance

    copied = copy.deepcopy(network, memo).train()
    copies = [memo[id(place)] for place in places]
    for place in copies:
        place.register_forward_hook(record)
    copied(images)
    for place in copies:
        yield moments[place]


def estimated(norm: nn.BatchNorm2d) -> Moments:
    """Compute mean and variance of relu(scale * z + shift) for a standard Gaussian z, per channel.

    Scale and shift are those of *norm*. Both results are ``(channels,)``.
    """
    scale, shift = norm.weight.abs().clamp_min(1e-12), norm.bias
    gaussian = torch.distributions.Normal(torch.zeros_like(shift), torch.ones_like(shift))
    below, density = gaussian.cdf(shift / scale), gaussian.log_prob(shift / scale).exp()
    mean = shift * below + scale * density
    square = (shift**2 + scale**2) * below + shift * scale * density
    return mean, (square - mean**2).clamp_min(0)
