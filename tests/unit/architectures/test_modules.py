"""Built networks: what each block computes, and the names of their weights."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import FAMILIES, IMAGE_SIZE, dense, network, networks, plain, units

from mnbench.architectures import Stem, build
from mnbench.architectures.counts import operations

SHAPE = {"in_channels": 1, "num_classes": 7}


@pytest.mark.parametrize("family", FAMILIES)
@given(st.data())
@settings(deadline=None, max_examples=15)
def test_a_built_network_answers_with_logits(family, data):
    described = data.draw(networks(family=family))
    module = build(described, image_size=IMAGE_SIZE, **SHAPE)
    logits = module(torch.randn(2, 1, IMAGE_SIZE, IMAGE_SIZE))
    assert logits.shape == (2, 7) and logits.isfinite().all()
    weighted = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    listed = [o for o in operations(described, IMAGE_SIZE, 1, 7) if o.inputs]
    assert sorted((m.weight.shape[1], m.weight.shape[0]) for m in weighted) == sorted(
        (o.inputs, o.outputs) for o in listed
    )


def test_each_block_does_what_its_kind_says():
    """Against the definitions, written out with functions."""
    torch.manual_seed(0)
    images, zero = torch.randn(2, 4, 6, 6), torch.zeros(2, 1, 3, 3)
    relu, conv = torch.relu, torch.nn.functional.conv2d

    def blocks_of(*blocks):
        return build(network(*blocks), **SHAPE).eval().blocks

    def identity_norm(x):
        return x / (1 + 1e-5) ** 0.5  # batch norm's epsilon

    with torch.no_grad():
        (block,) = blocks_of(units(5, 3, stride=2, shortcut="padding"))
        first, second = (step.conv.weight for step in block.layers[0].body)
        inner = relu(identity_norm(conv(images, first, stride=2, padding=1)))
        added = identity_norm(conv(inner, second, padding=1))
        padded = torch.cat([images[:, :, ::2, ::2], zero], dim=1)
        torch.testing.assert_close(block(images), relu(added + padded))

        block = blocks_of(units(5, 3, preactivated=True), units(5, 3, preactivated=True))[0]
        unit = block.layers[0]
        first, second = unit.body[0].conv.weight, unit.body[1].conv.weight
        activated = relu(identity_norm(images))
        inner = relu(identity_norm(conv(activated, first, padding=1)))
        added = conv(inner, second, padding=1)
        projected = conv(activated, unit.shortcut.weight)
        torch.testing.assert_close(block(images), added + projected)

        block = blocks_of(dense(3), dense(3))[0]
        grown = conv(activated, block.layers[0].body[0].conv.weight, padding=1)
        pooled = torch.nn.functional.avg_pool2d(torch.cat([images, grown], dim=1), 2)
        torch.testing.assert_close(block(images), pooled)


def test_a_flatten_head_must_know_the_image_size():
    with pytest.raises(ValueError, match="image_size"):
        build(plain([8], pool="flatten"), **SHAPE)


EVERY_KIND = network(
    plain([4]).blocks[0],
    units(4, 4),
    units(6, 4, 4, unit="bottleneck", preactivated=True),
    dense(2, transition=5, bottleneck=2),
    stem=Stem(space_to_depth=2, filters=4),
    hidden=(8,),
)
NAMES = """
stem.conv stem.norm
blocks.0.layers.0.conv blocks.0.layers.0.norm
blocks.1.layers.0.body.0.conv blocks.1.layers.0.body.0.norm
blocks.1.layers.0.body.1.conv blocks.1.layers.0.body.1.norm
blocks.1.layers.0.shortcut.conv blocks.1.layers.0.shortcut.norm
blocks.2.layers.0.activation.norm blocks.2.layers.0.body.0.conv
blocks.2.layers.0.body.1.norm blocks.2.layers.0.body.1.conv
blocks.2.layers.0.body.2.norm blocks.2.layers.0.body.2.conv
blocks.2.layers.0.shortcut
blocks.2.layers.1.activation.norm blocks.2.layers.1.body.0.conv
blocks.2.layers.1.body.1.norm blocks.2.layers.1.body.1.conv
blocks.2.layers.1.body.2.norm blocks.2.layers.1.body.2.conv
blocks.3.layers.0.body.0.norm blocks.3.layers.0.body.0.conv
blocks.3.layers.0.body.1.norm blocks.3.layers.0.body.1.conv
blocks.3.transition.norm blocks.3.transition.conv blocks.3.closing.norm
head.hidden.0.linear head.classifier
"""


def test_weights_have_the_names_that_records_have():
    module = build(EVERY_KIND, **SHAPE)
    names = [name.removesuffix(".weight") for name in module.state_dict() if "weight" in name]
    assert names == NAMES.split()
    parameters = [name for name, _ in module.named_parameters() if "weight" in name]
    assert [name.removesuffix(".weight") for name in parameters] == names


def test_a_padding_shortcut_has_a_source_and_no_weights():
    module = build(network(units(6, 4, shortcut="padding")), **SHAPE)
    names = [name for name in module.state_dict() if "shortcut" in name]
    assert names == ["blocks.0.layers.0.shortcut.source"]
    assert "shortcut" not in str([name for name, _ in module.named_parameters()])


def test_a_compiled_network_is_one_graph_with_the_same_logits():
    module = build(EVERY_KIND, **SHAPE).eval()
    images = torch.randn(2, 1, 16, 16).contiguous(memory_format=torch.channels_last)
    module = module.to(memory_format=torch.channels_last)
    compiled = torch.compile(module, backend="eager", fullgraph=True)
    assert torch.equal(compiled(images), module(images))


def test_a_sequence_of_blocks_is_indexed_and_sliced():
    blocks = build(EVERY_KIND, **SHAPE).blocks
    assert blocks[-1] is list(blocks)[3] and list(blocks[1:3]) == list(blocks)[1:3]
    assert type(blocks[1:]) is type(blocks) and len(blocks[1:]) == 3
