"""TreeNets: a trunk that all networks share, then a branch for each."""

from dataclasses import replace
from unittest.mock import patch

import pytest
import torch
from support import tiny
from support.tiny import id_of, job_of
from torch.utils.flop_counter import FlopCounterMode

from baselines import treenets
from baselines.treenets import common_prefix, grow, obstacle
from mnbench.architectures import (
    Architecture,
    Dense,
    Head,
    Layer,
    Plain,
    Residual,
    Stem,
    build,
    load_architectures,
    parameter_count,
    training_flops,
)
from mnbench.records.record import read_record
from mnbench.training.job import Job
from mnbench.training.loop import Batch

SHAPE = {"in_channels": 1, "num_classes": 10, "image_size": 28}
BARE = Stem()


def vgg(*blocks: list[int], pool: int = 2, stem: Stem = BARE, name: str = "vgg") -> Architecture:
    return Architecture(
        tuple(Plain(tuple(map(Layer, filters)), pool=pool) for filters in blocks),
        stem=stem,
        name=name,
    )


def residual(*blocks: list[int], stride: int = 2, name: str = "resnet", **how) -> Architecture:
    """Units of these filters on streams of 8, 16, ... channels."""
    made = (
        Residual(tuple(map(Layer, filters)), width=8 * 2**i, stride=stride if i else 1, **how)
        for i, filters in enumerate(blocks)
    )
    return Architecture(tuple(made), Stem(filters=4), name=name)


def dense(*blocks: list[int], transition: int = 0, bottleneck: int = 0) -> Architecture:
    """Dense blocks of these growths; all but the last end with the transition."""
    made = (
        Dense(
            tuple(map(Layer, growths)),
            transition if i < len(blocks) - 1 else 0,
            bottleneck,
            pool=2 if i < len(blocks) - 1 else 1,
        )
        for i, growths in enumerate(blocks)
    )
    return Architecture(tuple(made), Stem(filters=4, activated=False), name="densenet")


def connected(*hidden: int) -> Architecture:
    return Architecture(head=Head("flatten", hidden), name="mlp")


def alike(*architectures: Architecture, shared_layers: int) -> list[torch.nn.Module]:
    """Build networks whose stems and first layers have the same weights."""
    torch.manual_seed(0)
    networks = [build(architecture, **SHAPE).eval() for architecture in architectures]
    for network in networks:
        for module in network.modules():  # so that batch norm is seen where it is forgotten
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.bias)
                torch.nn.init.uniform_(module.running_mean)
    for other in networks[1:]:
        other.stem.load_state_dict(networks[0].stem.state_dict())
        for first, same in zip(_layers(networks[0])[:shared_layers], _layers(other), strict=False):
            same.load_state_dict(first.state_dict())
    return networks


def _layers(network: torch.nn.Module) -> list[torch.nn.Module]:
    """The layers of the blocks, each with what ends a block, then the hidden ones."""
    layers = []
    for block in network.blocks:
        layers += [torch.nn.ModuleList([layer]) for layer in block.layers]
        layers[-1].extend(block.ending)
    return [*layers, *network.head.hidden]


# What can be shared


def shared_by(*architectures: Architecture) -> list[str]:
    """The layers in common, as a person reads them."""
    return [str(layer.block) for layer in common_prefix(architectures)]


def test_common_prefix_by_hand():
    # The pooling behind the second layer comes in one network alone.
    assert shared_by(vgg([8, 8], [16]), vgg([8, 8, 8], [16])) == ["8"]
    assert shared_by(vgg([8, 8], [16]), vgg([8, 8], [24])) == ["8", "8"]
    assert shared_by(vgg([8]), vgg([16])) == []
    assert shared_by(vgg([8], [16]), vgg([8], [16])) == ["8", "16"]


def test_kernels_must_agree_too():
    larger = Architecture((Plain((Layer(8), Layer(8, 5))),))
    assert shared_by(vgg([8, 8], pool=2), larger) == ["8"]


def test_units_are_shared_until_filters_strides_or_shortcuts_differ():
    first = residual([8, 8, 8], [16])
    assert len(common_prefix((first, residual([8, 8], [16])))) == 2
    assert len(common_prefix((first, residual([8, 8, 8], [16, 16])))) == 4
    assert len(common_prefix((first, residual([8, 16, 8], [16])))) == 1
    assert len(common_prefix((first, residual([8, 8, 8], [16], stride=1)))) == 3
    # Batch norm and ReLU stand behind the last unit where the next block expects activations.
    wide = residual([8, 8], preactivated=True)
    followed = replace(wide, blocks=(*wide.blocks, Plain((Layer(8),))))
    assert len(common_prefix((wide, followed))) == 2
    assert len(common_prefix((wide, residual([8, 8, 8], preactivated=True)))) == 1


def test_dense_layers_are_shared_until_growth_or_transition_differ():
    first = dense([4, 4], [4], transition=6)
    assert len(common_prefix((first, dense([4, 4], [8], transition=6)))) == 2
    assert len(common_prefix((first, dense([4, 4], [4], transition=8)))) == 1
    assert len(common_prefix((first, dense([4, 4, 4], [4], transition=6)))) == 1


def test_hidden_layers_follow_those_of_the_blocks():
    first, second = (connected(8, 6, last) for last in (5, 4))
    assert len(common_prefix((first, second))) == 2
    headed = replace(vgg([8]), head=Head("flatten", (8, 6)))
    assert len(common_prefix((headed, replace(headed, head=Head("flatten", (8,)))))) == 2


def test_v5_small_shares_its_first_block():
    assert obstacle(load_architectures("v5-small"), 2) is None
    assert "2 first layers in common, fewer than 3" in obstacle(load_architectures("v5-small"), 3)


def test_stems_must_agree():
    assert obstacle((vgg([8]), vgg([8], stem=Stem(2))), 1) == "the stems differ"


def test_networks_with_skip_connections_share_their_stem_at_least():
    for name in ("r5-small", "d5-small"):
        assert obstacle(load_architectures(name), 0) is None
        assert obstacle(load_architectures(name), 1) == (
            "the networks have 0 first layers in common, fewer than 1; "
            "shared_layers: 0 shares their stem"
        )
    assert obstacle(load_architectures("w5-small"), 0) is None
    assert obstacle(load_architectures("h5-small"), 2) is None
    assert obstacle(load_architectures("h5")[:3], 1) is None
    # Published DenseNets of several growths have stems of several widths.
    assert obstacle(load_architectures("d5"), 0) == "the stems differ"


def test_a_stem_without_a_convolution_is_nothing_to_share():
    assert obstacle((vgg([8]), vgg([8])), 0) == (
        "with shared_layers: 0 nothing is shared, since the stem has no convolution"
    )


def test_a_librarys_networks_cannot_be_cut():
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
    "a stem alone": (load_architectures("r5-small"), 0),
    "between units": ((residual([8, 8], [16]), residual([8, 8], [16, 24])), 1),
    "behind a residual block": ((residual([8, 8], [16]), residual([8, 8], [24])), 2),
    "between bottlenecks": (
        (residual([8, 8], unit="bottleneck"), residual([8, 4], unit="bottleneck")),
        1,
    ),
    "between preactivated units": (
        (residual([8, 8], [16], preactivated=True), residual([8, 4], [16], preactivated=True)),
        1,
    ),
    "behind preactivated units": (
        (residual([8], [16], preactivated=True), residual([8], [16], preactivated=True)),
        2,
    ),
    "behind a dense block": (
        (dense([4, 4], [4], transition=6), dense([4, 4], [8, 8], transition=6)),
        2,
    ),
    "inside a dense block": ((dense([4, 4, 4]), dense([4, 4, 8])), 2),
    "between dense bottlenecks": (
        (dense([4, 4], bottleneck=4), dense([4, 8], bottleneck=4)),
        1,
    ),
    "a hybrid": (load_architectures("h5-small"), 2),
    "between hidden layers": ((connected(8, 6, 5), connected(8, 6, 4, 4)), 2),
    "into the head": (
        tuple(replace(vgg([8]), head=Head("flatten", (8, last))) for last in (6, 5)),
        2,
    ),
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
    separate = [parameter_count(network, **SHAPE) for network in architectures]
    trunk = sum(parameter.numel() for parameter in tree.trunk.parameters())
    assert trunk > 0
    total = sum(parameter.numel() for parameter in tree.parameters())
    assert total == sum(separate) - (len(architectures) - 1) * trunk


@pytest.mark.parametrize("family", FAMILIES)
def test_the_trunk_is_billed_once(family):
    architectures, shared_layers = FAMILIES[family]
    tree = grow([build(network, **SHAPE) for network in architectures], shared_layers).train()
    with FlopCounterMode(display=False) as counter:
        tree(torch.randn(4, 1, 28, 28)).sum().backward()
    branches = [training_flops(a, **SHAPE, after_layers=shared_layers) for a in architectures]
    trunk = training_flops(architectures[0], **SHAPE) - branches[0]
    assert 4 * (trunk + sum(branches)) == counter.get_total_flops()


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


def test_the_mean_of_the_losses_divides_the_sum_by_the_branches(prepared):
    def first_loss(loss: str) -> float:
        values = tiny.config() | {
            "approaches": {"treenets": {"shared_layers": 2, "sizes": [2], "loss": loss}}
        }
        (training,) = tiny.plan_of(values).trainings.values()
        job = replace(tiny.job_of(prepared, training.id), training=training)
        seen = []
        with patch.object(Job, "fit", lambda job, network, **how: seen.append((network, how))):
            treenets.train(job)
        network, how = seen[0]
        labels = torch.zeros(4, dtype=torch.int64)
        batch = Batch(job.normalised(4), labels, labels)
        with torch.no_grad():
            return float(how["loss"](network.eval()(batch.images), batch))

    assert first_loss("sum") == pytest.approx(2 * first_loss("mean"))


def test_a_tree_of_the_published_loss_has_the_hash_of_versions_that_knew_no_other():
    def tree(**options):
        values = tiny.config() | {"approaches": {"treenets": options}}
        (training,) = tiny.plan_of(values).trainings.values()
        return training

    assert tree().options == {"shared_layers": 1} == tree(loss="sum").options
    assert tree(loss="mean").recipe_hash != tree().recipe_hash
