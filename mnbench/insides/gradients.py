"""Gradients right after hatching: do inserted filters learn as fast as inherited ones?

Open this module to change which weights count as inserted. The trap: a filter that was enlarged is
inherited in its middle and new in its frame, so that weights are told apart one by one.
"""

from dataclasses import dataclass
from math import nan

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mnbench.mothernets.hatching import Origins


@dataclass(frozen=True)
class GradientSizes:
    """Root mean squares of the gradient by where a weight comes from; NaN where there is none.

    Attributes:
        inherited: of weights that repeat one of the MotherNet's.
        enlarged: of weights that were added to an inherited filter: its frame, or its new inputs.
        inserted: of weights of inserted layers.
    """

    inherited: float
    enlarged: float
    inserted: float


def gradient_sizes(
    member: nn.Module, origins: Origins, images: Tensor, labels: Tensor
) -> GradientSizes:
    """Return the sizes of the cross-entropy's gradient, per weight of filters and matrices.

    Vectors (biases, batch norm) are left out. Batch norm uses the batch's own moments, as in
    training.

    Args:
        member: just hatched, in whatever mode; its parameters, moments and mode stay.
        origins: of its parameters.
        images: ``(n, channels, height, width)``, normalised.
        labels: int64 ``(n,)``.
    """
    named = {name: own for name, own in member.named_parameters() if own.ndim > 1}
    moments = {name: value.clone() for name, value in member.named_buffers()}
    training = member.training
    loss = cross_entropy(member.train()(images), labels)
    gradients = torch.autograd.grad(loss, list(named.values()))
    member.train(training)
    for name, value in member.named_buffers():  # running moments moved with the batch
        value.copy_(moments[name])
    parts: dict[str, list[Tensor]] = {"inherited": [], "enlarged": [], "inserted": []}
    for (name, own), gradient in zip(named.items(), gradients, strict=True):
        if name not in origins:
            parts["inserted"].append(gradient.flatten())
            continue
        parameter = origins[name].parameter
        inherited = origins[name].gradient(torch.ones_like(parameter), own) != 0
        parts["inherited"].append(gradient[inherited])
        parts["enlarged"].append(gradient[~inherited])
    return GradientSizes(**{name: _root_mean_square(values) for name, values in parts.items()})


def _root_mean_square(values: list[Tensor]) -> float:
    joined = torch.cat(values) if values else torch.empty(0)
    return float(joined.double().square().mean().sqrt()) if len(joined) else nan
