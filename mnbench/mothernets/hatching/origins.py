"""Origins: from which parameter of the MotherNet each parameter of a member was grown.

Open this module to tell inherited from inserted parameters, or to carry a gradient or a momentum
over. The trap: weights and gradients are not replicated alike. A replicated weight is divided by
the replicas of what it reads, since these add up. A gradient is divided by the replicas of what it
computes, since these share what the MotherNet's channel was told.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnbench.mothernets.hatching.flow import Flow


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a member's parameter comes from.

    Attributes:
        parameter: the MotherNet's.
        outputs: the flow behind the layer; None in a copy of the MotherNet.
        inputs: the flow that the layer reads; None of a bias and the like.
    """

    parameter: Tensor
    outputs: Flow | None = None
    inputs: Flow | None = None

    def gradient(self, value: Tensor, like: Tensor) -> Tensor:
        """Return a gradient of the MotherNet's parameter as one of the member's.

        It is what the member's gradient is, exactly, in eval mode, if the replicas of a channel are
        read by equal shares. In training mode the batch norm of an inserted layer undoes changes of
        scale in front of it, and so has gradients of its own.

        Args:
            value: in the shape of the MotherNet's parameter.
            like: the member's parameter; zeros frame a smaller filter.
        """
        if self.outputs is None:
            return value.clone()
        told = value[self.outputs.source.clamp_min(0)]
        told = told / self.outputs.repeats.to(value.dtype).view(-1, *[1] * (value.ndim - 1))
        told[self.outputs.is_new] = 0
        if self.inputs is not None:
            told = told[:, self.inputs.source.clamp_min(0)]
            told[:, self.inputs.is_new] = 0
        if value.ndim < 4:
            return told
        border = (like.shape[-1] - value.shape[-1]) // 2
        return torch.nn.functional.pad(told, [border] * 4)


Origins = dict[str, Origin]  # by the name of the member's parameter; an inserted one has none


def carried_momentum(
    member: nn.Module, mothernet: nn.Module, origins: Origins, momentum: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return a member's momentum from its MotherNet's: sums of gradients, carried as gradients are.

    Source: Shen et al. 2022, "Staged Training for Transformer Language Models", section 3.2.

    Args:
        member: just hatched.
        mothernet: from which.
        origins: of the member's parameters; inserted ones begin without momentum.
        momentum: by the name of the MotherNet's parameter.
    """
    names: dict[Tensor, str] = {own: name for name, own in mothernet.named_parameters()}
    return {
        name: origins[name].gradient(momentum[names[origins[name].parameter]], parameter)
        for name, parameter in member.named_parameters()
        if name in origins and names[origins[name].parameter] in momentum
    }
