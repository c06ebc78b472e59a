"""TreeNets: a trunk that all networks share, then a branch for each."""

import pytest
import torch
from support.tiny import id_of, job_of
from torch.utils.flop_counter import FlopCounterMode

from baselines.treenets import common_prefix, grow, obstacle
from mnbench.architectures import (
    Architecture,
    Head,
    Layer,
    Plain,
    Residual,
    Stem,
    build,
    load_architectures,
    parameter_count,
)
from mnbench.records.record import read_record

SHAPE = {"in_channels": 1, "num_classes": 10}
BARE = Stem()


def vgg(*blocks: list[int], pool: int = 2, stem: Stem = BARE, name: str = "vgg") -> Architecture:
    return Architecture(
        tuple(Plain(tuple(map(Layer, filters)), pool=pool) for filters in blocks),
        stem=stem,
        name=name,
    )


def alike(*architectures: Architecture, shared_layers: int) -> list[torch.nn.Module]:
    """Build networks whose stems and first layers have the same weights."""
    torch.manual_seed(0)
    networks = [build(architecture, **SHAPE).eval() for architecture in architectures]
    for other in networks[1:]:
        other.stem.load_state_dict(networks[0].stem.state_dict())
    layers = [[unit for block in n.blocks for unit in block.layers] for n in networks]
    for others in layers[1:]:
        for first, other in zip(layers[0][:shared_layers], others, strict=False):
            other.load_state_dict(first.state_dict())
    return networks


# What can be shared


def test_common_prefix_by_hand():
    assert common_prefix((vgg([8, 8], [16]), vgg([8, 8, 8], [16]))) == [(8, 3, 1)]
    assert common_prefix((vgg([8, 8], [16]), vgg([8, 8], [24]))) == [(8, 3, 1), (8, 3, 2)]
    assert common_prefix((vgg([8]), vgg([16]))) == []
    assert common_prefix((vgg([8], [16]), vgg([8], [16]))) == [(8, 3, 2), (16, 3, 2)]


def test_kernels_must_agree_too():
    larger = Architecture((Plain((Layer(8), Layer(8, 5))),))
    assert common_prefix((vgg([8, 8], pool=2), larger)) == [(8, 3, 1)]


def test_v5_small_shares_its_first_block():
    assert obstacle(load_architectures("v5-small"), 2) is None
    assert "2 first layers in common, fewer than 3" in obstacle(load_architectures("v5-small"), 3)


def test_stems_must_agree():
    assert obstacle((vgg([8]), vgg([8], stem=Stem(2))), 1) == "the stems differ"


def test_skip_connections_cannot_be_shared():
    network = Architecture((Plain((Layer(8),)), Residual((Layer(8),), width=16)), name="r20")
    assert obstacle((vgg([8]), network), 1) == "block 2 of r20 has skip connections (residual)"
    for name in ("r5-small", "d5-small", "w5-small", "h5-small", "mixed10"):
        assert "has skip connections" in obstacle(load_architectures(name), 1)


def test_networks_without_layers_of_their_own_cannot_be_shared():
    connected = Architecture(head=Head("flatten", (8,)), name="m")
    assert obstacle((connected, connected), 1) == "m has no convolutional layers to share"
    known = Architecture(library="timm:resnet18", name="t")
    assert obstacle((vgg([8]), known), 1) == "the layers of t are those of a library"


# The tree

FAMILIES = {
    "inside a block": ((vgg([8, 8], [16]), vgg([8, 8, 8], [16])), 1),
    "at a block's end": ((vgg([8, 8], [16]), vgg([8, 8], [24, 24])), 2),
    "into the second block": ((vgg([8], [16, 16]), vgg([8], [16, 24, 24], [32])), 2),
    "all layers": ((vgg([8, 8], [16]), vgg([8, 8], [16])), 3),
    "blocks without pooling": ((vgg([8], [8, 16], pool=1), vgg([8, 8], [16], pool=1)), 1),
    "behind a convolution in the stem": (
        (vgg([8, 8], [16], stem=Stem(filters=4)), vgg([8, 8, 8], stem=Stem(filters=4))),
        1,
    ),
    "five networks": (load_architectures("v5-small"), 2),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_branch_predicts_as_its_network_would(family):
    architectures, shared_layers = FAMILIES[family]
    assert obstacle(architectures, shared_layers) is None
    networks = alike(*architectures, shared_layers=shared_layers)
    images = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = grow(networks, shared_layers).eval()(images)
        expected = torch.stack([network(images) for network in networks])
    assert logits.shape == (len(networks), 3, 10)
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_trunk_is_there_once(family):
    architectures, shared_layers = FAMILIES[family]
    tree = grow([build(network, **SHAPE) for network in architectures], shared_layers)
    separate = [parameter_count(network, **SHAPE, image_size=28) for network in architectures]
    trunk = sum(parameter.numel() for parameter in tree.trunk.parameters())
    assert trunk > 0
    total = sum(parameter.numel() for parameter in tree.parameters())
    assert total == sum(separate) - (len(architectures) - 1) * trunk


def test_the_trunk_learns_from_every_branch():
    networks = alike(vgg([8], [16]), vgg([8], [24]), shared_layers=1)
    tree = grow(networks, 1)
    images = torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    gradients = []
    for branch in range(2):
        tree.zero_grad()
        tree(images)[branch].square().sum().backward()
        gradients.append(tree.trunk[1].conv.weight.grad.clone())
    tree.zero_grad()
    tree(images).square().sum().backward()
    assert all(gradient.abs().max() > 0 for gradient in gradients)
    torch.testing.assert_close(tree.trunk[1].conv.weight.grad, sum(gradients))


def test_the_bill_is_what_torch_counts(trained):
    id = id_of(trained, "treenets/tree_of_2")
    job, record = job_of(trained, id), read_record(trained.record(id))
    tree = grow(job.new_networks(), job.options["shared_layers"]).train()
    images = job.normalised(4)
    with FlopCounterMode(display=False) as counter:
        tree(images).sum().backward()
    assert record.cost.training_flops == record.cost.examples * counter.get_total_flops() // 4


def test_a_trees_networks_share_one_record(trained):
    record = read_record(trained.record(id_of(trained, "treenets/tree_of_2")))
    assert [network["name"] for network in record.networks] == ["v13", "v16"]
