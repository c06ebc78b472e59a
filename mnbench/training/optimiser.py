"""The optimiser of a training: stochastic gradient descent, with rates and momentum by name.

Open it to give some parameters another rate, or momentum to begin with. The trap: momentum must lie
in memory as its parameter does, so that a network is channels-last before it gets an optimiser.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mnbench.planning.recipe import Recipe

FACTOR = "factor"  # of the learning rate, in a group of parameters
MOMENTUM = "momentum_buffer"  # torch's name of it, in a parameter's state


def new_optimiser(
    network: nn.Module, recipe: Recipe, factors: Mapping[str, float] | None = None
) -> torch.optim.SGD:
    """Return a recipe's optimiser of a network, without momentum yet.

    Args:
        network: on its device; its filters become channels-last, and momentum with them.
        recipe: names the rate, momentum and weight decay.
        factors: of the learning rate, by the name of a parameter; 1 where nothing is said.
    """
    network.to(memory_format=torch.channels_last)
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        groups.setdefault((factors or {}).get(name, 1.0), []).append(parameter)
    options = recipe.optimiser
    return torch.optim.SGD(
        [{"params": parameters, FACTOR: factor} for factor, parameters in groups.items()],
        lr=options.learning_rate,
        momentum=options.momentum,
        nesterov=options.nesterov and options.momentum > 0,
        weight_decay=options.weight_decay,
        fused=True,
    )


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step; some parameters have a factor of their own."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group[FACTOR]


def momentum_of(network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return momentum by the names of a network's parameters: zeros before the first step."""
    momentum = {}
    for name, parameter in network.named_parameters():
        buffer = optimiser.state[parameter].get(MOMENTUM)
        momentum[name] = torch.zeros_like(parameter) if buffer is None else buffer
    return momentum


def give_momentum(
    network: nn.Module, optimiser: torch.optim.Optimizer, momentum: Mapping[str, Tensor]
) -> None:
    """Give an optimiser momentum by the names of a network's parameters, if there is any.

    A parameter without any gets zeros, which is how it begins anyway: torch's fused step wants
    momentum of all parameters or of none.
    """
    for name, parameter in network.named_parameters() if momentum else ():
        value = torch.zeros_like(parameter)  # keeps the parameter's memory format
        if name in momentum:
            value.copy_(momentum[name])
        optimiser.state[parameter][MOMENTUM] = value
