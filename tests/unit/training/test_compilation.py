"""Compiling: the same network, and one code for the layers of many."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

from mnbench.architectures import Architecture, Layer, Plain, Stem, build, load_architectures
from mnbench.architectures.units import ConvUnit
from mnbench.training.compilation import compile_layers

SHAPE = {"in_channels": 1, "num_classes": 10}


@pytest.fixture(autouse=True)
def nothing_compiled():
    """Let no test find what another one has compiled."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def images(number=6):
    return torch.randn(number, 1, 28, 28)


@pytest.mark.slow
@pytest.mark.parametrize("networks", ["v5-small", "r5-small", "d5-small"])
def test_a_compiled_network_computes_and_learns_as_before(networks):
    torch.manual_seed(0)
    plain = build(load_architectures(networks)[0], **SHAPE)
    compiled, counter = deepcopy(plain), CompileCounter()
    compile_layers(compiled, counter)
    assert list(compiled.state_dict()) == list(plain.state_dict())
    seen = images()
    assert torch.equal(compiled.eval()(seen), plain.eval()(seen))
    assert counter.frame_count == 0  # predictions are made by the code of every other network
    for network in (plain, compiled):
        network.train()(seen).logsumexp(-1).mean().backward()
    assert counter.frame_count > 0
    for expected, gradient in zip(plain.parameters(), compiled.parameters(), strict=True):
        torch.testing.assert_close(gradient.grad, expected.grad)


def plain_network(*blocks):
    """Return a network of convolutions, by the filters of its blocks' layers."""
    layers = tuple(Plain(tuple(map(Layer, filters))) for filters in blocks)
    return build(Architecture(blocks=layers, stem=Stem(4), name="n"), **SHAPE)


@pytest.mark.slow
def test_networks_share_the_code_of_their_layers():
    """A deeper network has no new layer; the last one has one, of other widths."""
    counter, compiled = CompileCounter(), []
    for blocks in [((8, 8), (18,)), ((8, 8, 8), (18,)), ((8, 8, 8), (18, 20))]:
        network = plain_network(*blocks)
        compile_layers(network, counter)
        for size in (6, 5):
            network.train()(images(size))
        compiled.append(counter.frame_count)
    assert compiled == [3, 3, 4]


def test_a_network_without_our_layers_is_compiled_as_a_whole():
    network, counter = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), CompileCounter()
    compile_layers(network, counter)
    assert network.train()(images()).shape == (6, 10)
    assert counter.frame_count == 1


def test_a_compiled_network_can_be_copied():
    network = plain_network((8,))
    compile_layers(network, CompileCounter())
    copy = deepcopy(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert float(copy.train()(images()).detach().abs().max()) > 0


def test_a_hundred_networks_have_few_kinds_of_layers():
    layers = [
        (layer.conv.in_channels, layer.conv.out_channels, layer.conv.kernel_size, layer.conv.stride)
        for network in load_architectures("v100-small")
        for layer in build(network, **SHAPE).modules()
        if isinstance(layer, ConvUnit)
    ]
    assert (len(layers), len(set(layers))) == (800, 39)  # as docs/gpus.md says
