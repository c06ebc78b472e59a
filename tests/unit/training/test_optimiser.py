"""The optimiser: learning rates of their own by name, and momentum by name."""

from copy import deepcopy

import torch
from torch import nn

from mnbench.planning.recipe import Optimiser, Recipe
from mnbench.training.optimiser import give_momentum, momentum_of, new_optimiser, set_rate

RECIPE = Recipe(optimiser=Optimiser(learning_rate=0.1, momentum=0.9, weight_decay=0.0))


def stepped(network: nn.Module, factors: dict[str, float]) -> dict[str, torch.Tensor]:
    """Return how far one step at rate 0.1 moves each parameter, whose gradients are all 1."""
    before = deepcopy(network.state_dict())
    optimiser = new_optimiser(network, RECIPE, factors)
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    set_rate(optimiser, 0.1)
    optimiser.step()
    return {name: before[name] - value for name, value in network.state_dict().items()}


def test_a_factor_multiplies_the_steps_of_its_parameters_alone():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    plain = stepped(deepcopy(network), {})
    moved = stepped(network, {"1.weight": 3.0})
    torch.testing.assert_close(moved.pop("1.weight"), 3 * plain.pop("1.weight"))
    torch.testing.assert_close(moved, plain)


def test_momentum_of_another_network_is_taken_over_by_name():
    network = nn.Linear(2, 3)
    optimiser = new_optimiser(network, RECIPE)
    assert not any(value.any() for value in momentum_of(network, optimiser).values())
    give_momentum(network, optimiser, {"weight": torch.full((3, 2), 2.0)})
    momentum = momentum_of(network, optimiser)
    assert (momentum["weight"] == 2).all() and not momentum["bias"].any()


def test_it_is_fused_and_filters_their_gradients_and_momentum_are_channels_last():
    network = nn.Conv2d(3, 8, 3)
    optimiser = new_optimiser(network, RECIPE)
    seen = torch.randn(2, 3, 6, 6).to(memory_format=torch.channels_last)
    network(seen).sum().backward()
    optimiser.step()
    assert {group["fused"] for group in optimiser.param_groups} == {True}
    momentum = momentum_of(network, optimiser)["weight"]
    assert momentum.any()
    for tensor in (network.weight, network.weight.grad, momentum):
        assert tensor.is_contiguous(memory_format=torch.channels_last)
        assert not tensor.is_contiguous()
