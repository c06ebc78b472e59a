"""The error barrier: known of a network with itself, of flipped signs and of made-up errors."""

import copy

import pytest
import torch
from support.small_training import QUICK, new_network, train, training_set
from support.strategies import plain

from mnbench.architectures import build
from mnbench.errors import UserError
from mnbench.insides.barriers import (
    Barrier,
    between,
    error_with_own_moments,
    line_barrier,
    measure_moments,
)
from mnbench.training.loop import evaluate


@pytest.fixture(scope="module")
def data(prepared):
    return training_set(prepared)


@pytest.fixture(scope="module")
def network(data):
    return train(data, QUICK)[0].eval()


def shuffled(network):
    """Return the network with the last layer's channels in reverse order: the same function."""
    other = copy.deepcopy(network)
    layer, classifier = other.blocks[-1].layers[-1], other.head.classifier
    positions = classifier.in_features // layer.conv.out_channels
    with torch.no_grad():
        for value in (layer.conv.weight, layer.norm.weight, layer.norm.bias):
            value.copy_(value.flip(0))
        for value in (layer.norm.running_mean, layer.norm.running_var):
            value.copy_(value.flip(0))
        weight = classifier.weight
        weight.copy_(weight.unflatten(1, (-1, positions)).flip(1).flatten(1))
    return other


def test_a_network_has_no_barrier_with_itself(network, data):
    barrier = line_barrier(network, network, lambda one: error_with_own_moments(one, data))
    assert barrier.height == 0
    assert barrier.first == barrier.second == barrier.highest < 0.8


def test_the_same_function_with_its_channels_in_another_order_has_one(network, data):
    other = shuffled(network)
    assert evaluate(other, data)[1] == pytest.approx(evaluate(network, data)[1], abs=0.011)
    barrier = line_barrier(network, other, lambda one: error_with_own_moments(one, data))
    assert barrier.height > 0
    assert barrier.first == pytest.approx(barrier.second, abs=0.011)


def test_a_barrier_is_the_highest_error_less_the_larger_end(network):
    errors = iter([0.3, 0.5, 0.4, 0.1, 0.2])  # at three places, at the first, at the second
    barrier = line_barrier(network, network, lambda _: next(errors))
    assert barrier == Barrier(first=0.1, second=0.2, highest=0.5, place=0.5)
    assert barrier.height == pytest.approx(0.3)


def test_a_place_on_the_line_has_that_mean_of_the_weights(network):
    other = new_network(seed=1)
    middle = between(network, other, 0.25)
    for own, first, second in zip(
        middle.parameters(), network.parameters(), other.parameters(), strict=True
    ):
        assert torch.allclose(own, 0.75 * first + 0.25 * second, atol=1e-6)


def test_the_ends_stay_as_they_were(network, data):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    line_barrier(network, new_network(1), lambda one: error_with_own_moments(one, data))
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_measured_moments_are_those_of_the_training_images(network, data):
    measured = copy.deepcopy(network)
    for norm in measured.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.running_mean.fill_(7.0)
    measure_moments(measured, data)
    conv, norm = measured.blocks[0].layers[0].conv, measured.blocks[0].layers[0].norm
    images = data.normalise(data.train.images)  # fewer than one batch
    with torch.no_grad():
        seen = conv(measured.stem(images))
    assert torch.allclose(norm.running_mean, seen.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.allclose(norm.running_var, seen.var(dim=(0, 2, 3)), rtol=1e-3)
    assert norm.momentum == 0.1 and not measured.training


def test_networks_that_cannot_be_averaged_are_refused():
    shape = {"in_channels": 1, "num_classes": 10}
    first, wider = (build(plain([width]), **shape) for width in (4, 5))
    with pytest.raises(UserError, match="different architectures"):
        between(first, wider, 0.5)


def test_networks_whose_shortcuts_read_other_channels_are_refused():
    def wired(*channels):
        layer = torch.nn.Linear(2, 2)
        layer.register_buffer("source", torch.tensor(channels))
        return layer

    between(wired(0, 1), wired(0, 1), 0.5)
    with pytest.raises(UserError, match="shortcuts of the two networks read different channels"):
        between(wired(0, 1), wired(1, 0), 0.5)
