"""Parameter and FLOP counts: those of the built network, of torch's counter, and by hand."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.strategies import IMAGE_SIZE, dense, network, networks, plain, units
from torch.utils.flop_counter import FlopCounterMode

from mnbench.architectures import Stem, build, forward_flops, parameter_count, training_flops
from mnbench.errors import UserError

SHAPE = {"in_channels": 1, "num_classes": 7}


@given(networks())
@settings(deadline=None, max_examples=60)
def test_parameters_are_those_of_the_built_network(network):
    module = build(network, image_size=IMAGE_SIZE, **SHAPE)
    assert parameter_count(network, image_size=IMAGE_SIZE, **SHAPE) == sum(
        parameter.numel() for parameter in module.parameters()
    )


def counted_flops(module, images, *, backward):
    """What torch's own counter counts an image."""
    counter = FlopCounterMode(display=False)
    with counter:
        logits = module(images)
        if backward:
            logits.sum().backward()
    return counter.get_total_flops() / len(images)


@given(networks())
@settings(deadline=None, max_examples=60)
def test_flops_are_those_that_torch_counts(network):
    module = build(network, image_size=IMAGE_SIZE, **SHAPE)
    images = torch.randn(3, 1, IMAGE_SIZE, IMAGE_SIZE)
    assert forward_flops(network, IMAGE_SIZE, **SHAPE) == counted_flops(
        module, images, backward=False
    )
    assert training_flops(network, IMAGE_SIZE, **SHAPE) == counted_flops(
        module, images, backward=True
    )


@given(networks(), st.data())
@settings(deadline=None, max_examples=25)
def test_flops_after_some_layers_are_those_of_a_branch(network, data):
    assume(network.blocks)
    after = data.draw(st.integers(0, len(network.blocks)), label="blocks in the trunk")
    module = build(network, image_size=IMAGE_SIZE, **SHAPE)
    with torch.no_grad():
        images = torch.randn(3, 1, IMAGE_SIZE, IMAGE_SIZE)
        trunk = module.blocks[:after](module.stem(images))
    branch = torch.nn.Sequential(module.blocks[after:], module.head)
    layers = sum(len(block.layers) for block in network.blocks[:after])
    assert training_flops(network, IMAGE_SIZE, after_layers=layers, **SHAPE) == counted_flops(
        branch, trunk.requires_grad_(), backward=True
    )


@given(networks())
@settings(deadline=None, max_examples=25)
def test_a_network_unrolled_to_a_block_for_each_layer_is_the_same_network(network):
    unrolled = network.unrolled
    assert len(unrolled.blocks) == unrolled.depth == network.depth
    shape = {"image_size": IMAGE_SIZE, **SHAPE}
    assert parameter_count(unrolled, **shape) == parameter_count(network, **shape)
    assert training_flops(unrolled, **shape) == training_flops(network, **shape)
    images = torch.randn(2, 1, IMAGE_SIZE, IMAGE_SIZE)
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        expected = build(network, **shape)
        torch.manual_seed(0)
        same = build(unrolled, **shape)
        for to, value in zip(same.parameters(), expected.parameters(), strict=True):
            to.copy_(value)
        assert torch.equal(same.eval()(images), expected.eval()(images))


def test_counts_by_hand():
    network = plain([(2, 3)], hidden=(5,))
    shape = {"in_channels": 1, "num_classes": 3}
    assert parameter_count(network, **shape) == (9 * 2 + 2 * 2) + (2 * 5 + 5) + (5 * 3 + 3)
    first, rest = 2 * 9 * 2 * 4 * 4, 2 * (2 * 5 + 5 * 3)
    assert forward_flops(network, 4, **shape) == first + rest
    assert training_flops(network, 4, **shape) == 2 * first + 3 * rest
    assert training_flops(network, 4, after_layers=1, **shape) == 3 * rest


def test_counts_of_units_by_hand():
    shape = {"in_channels": 1, "num_classes": 3}
    block = units(6, 5, stride=2, unit="bottleneck")
    stem, classifier = 9 * 4 + 2 * 4, 6 * 3 + 3
    convolutions = [4 * 5, 9 * 5 * 5, 5 * 6, 4 * 6]  # 1x1, 3x3, 1x1, projection
    norms = 2 * (5 + 5 + 6 + 6)
    assert parameter_count(network(block), **shape) == stem + sum(convolutions) + norms + classifier
    # The stride is the 3x3's: the first 1x1 works at 8 pixels, all that follows at 4.
    work = 9 * 4 * 64 + 20 * 64 + (225 + 30 + 24) * 16 + 18
    assert forward_flops(network(block), 8, **shape) == 2 * work


def test_counts_of_dense_layers_by_hand():
    shape = {"in_channels": 1, "num_classes": 3}
    block = dense(2, 3, transition=5, bottleneck=4)
    stem, classifier = 9 * 4, 5 * 3 + 3
    layers = (2 * 4 + 4 * 8 + 2 * 8 + 9 * 8 * 2) + (2 * 6 + 6 * 12 + 2 * 12 + 9 * 12 * 3)
    transition, closing = 2 * 9 + 9 * 5, 2 * 5
    bare = network(block, stem=Stem(filters=4, activated=False))
    expected = stem + layers + transition + closing + classifier
    assert parameter_count(bare, **shape) == expected
    assert parameter_count(network(block), **shape) == expected + 2 * 4


# Bad sizes


@pytest.mark.parametrize(
    ("small", "image_size", "place"),
    [
        (plain([8], [8], [8]), 7, "block 3: pool 2"),
        (network(units(4, 4, stride=3), units(4, 4, stride=3)), 6, "block 2: stride 3"),
        (network(dense(4), dense(4, pool=3)), 5, "block 2: pool 3"),
        (network(units(4, 4), stem=Stem(filters=4, stride=8)), 7, "stem: stride 8"),
        (network(units(4, 4), stem=Stem(filters=4, stride=2, pool=4)), 6, "stem: pool 4"),
    ],
    ids=str,
)
def test_an_image_too_small_names_the_position(small, image_size, place):
    line = f"network 'network', {place} shrinks images of {image_size} pixels below one pixel"
    for count in (parameter_count, lambda net, image_size: forward_flops(net, image_size)):
        with pytest.raises(UserError, match=f"^{line}"):
            count(small, image_size=image_size)
        assert count(small, image_size=image_size + 8) > 0


def test_space_to_depth_must_divide_the_image_size():
    thirds = plain([8], stem=3, name="thirds")
    with pytest.raises(UserError, match=r"^network 'thirds', stem: space_to_depth 3 .* size 28"):
        training_flops(thirds, 28)
    assert training_flops(thirds, 27) > 0
