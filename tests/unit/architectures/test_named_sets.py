"""The named architecture sets: what they have of the authors' networks, and of each other."""

import re
from dataclasses import replace

import pytest
import torch
import torchvision

from mnbench.architectures import (
    ARCHITECTURE_SETS,
    load_architectures,
    parameter_count,
    set_title,
    sets,
    training_flops,
)
from mnbench.architectures.families import resnet
from mnbench.errors import UserError
from mnbench.mothernets import minimum_g
from mnbench.mothernets.construction import incompatibility

SMALL = [name for name in ARCHITECTURE_SETS if name.endswith("-small")]


def test_the_papers_and_the_small_architecture_sets_are_there():
    paper = {"v5", "d5", "r10", "w5", "h5", "v25", "r25", "v100", "r100", "mixed10", "v5-common"}
    small = {"v5-small", "r5-small", "d5-small", "w5-small", "h5-small", "v25-small", "v100-small"}
    sizes = {"v5-0.05m-small", "v5-1m-small", "v5-4m-small"}
    assert set(ARCHITECTURE_SETS) == paper | small | sizes | {"v5-authors-small", "v3-equal-small"}
    for name in ARCHITECTURE_SETS:
        assert len(load_architectures(name)) == int(re.search(r"\d+", name).group())


@pytest.mark.parametrize(
    ("name", "millions"), [("v5-0.05m-small", 0.05), ("v5-1m-small", 1.04), ("v5-4m-small", 4.12)]
)
def test_a_set_of_another_size_has_the_layers_of_v5_small(name, millions):
    shape = {"in_channels": 1, "num_classes": 10, "image_size": 28}
    members = load_architectures(name)
    assert round(sum(parameter_count(one, **shape) for one in members) / 1e6, 2) == millions
    for one, same in zip(members, load_architectures("v5-small"), strict=True):
        ratios = {
            layer.filters / of.filters
            for block, others in zip(one.blocks, same.blocks, strict=True)
            for layer, of in zip(block.layers, others.layers, strict=True)
            if layer.kernel == of.kernel
        }
        assert one.name == same.name and len(ratios) == 1


@pytest.mark.parametrize("name", ARCHITECTURE_SETS)
def test_members_differ_and_take_the_images_they_are_for(name):
    members = load_architectures(name)
    distinct = 1 if "equal" in name else len(members)
    assert len(set(members)) == distinct
    assert len({member.name for member in members}) == len(members)
    for member in members:
        for image_size in (28, 32) if name in SMALL else (32,):
            assert training_flops(member, image_size) > 0


@pytest.mark.parametrize("name", [n for n in ARCHITECTURE_SETS if n not in ("mixed10", "r25")])
def test_one_mothernet_can_have_all_members(name):
    first, *others = load_architectures(name)
    assert [incompatibility(first, other) for other in others] == [None] * len(others)


def test_mixed10_has_three_families():
    members = load_architectures("mixed10")
    kinds = [member.blocks[0].kind for member in members]
    assert [kinds.count(kind) for kind in ("plain", "residual", "dense")] == [4, 3, 3]
    for member, kind in zip(members, kinds, strict=True):
        for other, other_kind in zip(members, kinds, strict=True):
            assert (incompatibility(member, other) is None) == (kind == other_kind)


def filters_of(network):
    """Filters and kernels, block by block, as the authors' demo writes them."""
    return [[(layer.kernel, layer.filters) for layer in block.layers] for block in network.blocks]


@pytest.mark.parametrize(("name", "part"), [("v5", 1), ("v5-authors-small", 16)])
def test_v5_is_as_the_authors_demo_shows_it(name, part):
    v13, v16, v16a, v16b, v19 = load_architectures(name)
    widths = [width // part for width in (64, 128, 256, 512, 512)]

    def published(*depths):
        return [[(3, width)] * depth for width, depth in zip(widths, depths, strict=True)]

    assert filters_of(v13) == published(2, 2, 2, 2, 2)
    assert filters_of(v16b) == published(2, 2, 3, 3, 3)
    assert filters_of(v19) == published(2, 2, 4, 4, 4)
    in_c = [[*block[:-1], (1, block[-1][1])] for block in published(2, 2, 3, 3, 3)[2:]]
    assert filters_of(v16) == published(2, 2, 3, 3, 3)[:2] + in_c
    pairs_and_third = [(128, None), (128, None), (128, 256), (512, 512), (256, 512)]
    assert filters_of(v16a) == [
        [(3, pair // part)] * 2 + ([(1, third // part)] if third else [])
        for pair, third in pairs_and_third
    ]


IMAGENET = {"num_classes": 1000, "image_size": 224}


def test_v5s_networks_have_the_published_parameters():
    v13, v16, v16a, v16b, v19 = load_architectures("v5")
    for own, model in ((v13, "vgg13"), (v16b, "vgg16"), (v19, "vgg19")):
        with torch.device("meta"):
            theirs = getattr(torchvision.models, model)()
        published = sum(parameter.numel() for parameter in theirs.parameters())
        # Batch norm has a scale and a shift where a convolution had its bias.
        more = sum(layer.filters for block in own.blocks for layer in block.layers)
        assert parameter_count(own, **IMAGENET) == published + more
    # Simonyan, Zisserman 2015, table 2: millions.
    counts = [parameter_count(network, **IMAGENET) for network in (v13, v16, v16b, v19)]
    assert [round(count / 1e6) for count in counts] == [133, 134, 138, 144]
    # The total that is remembered of the paper, which leaves 3 M unexplained.
    assert 0 < 682e6 - (sum(counts) + parameter_count(v16a, **IMAGENET)) < 4e6


def test_r25_is_as_the_authors_demo_describes_it():
    members = load_architectures("r25")
    published = [resnet(depth, imagenet=True) for depth in (18, 34, 50, 101, 152)]
    small = {"kernel": 3, "stride": 1, "pool": 1}
    assert list(members[:5]) == [
        replace(network, stem=replace(network.stem, **small)) for network in published
    ]
    changes = (
        lambda odd, filters: 2 * filters if odd else filters,
        lambda odd, filters: filters if odd else 2 * filters,
        lambda odd, filters: filters + 2 if odd else filters,
        lambda odd, filters: filters if odd else filters + 2,
    )
    for number, change in enumerate(changes, 1):
        for original, variant in zip(
            members[:5], members[5 * number : 5 * number + 5], strict=True
        ):
            for stage, (block, varied) in enumerate(
                zip(original.blocks, variant.blocks, strict=True), 1
            ):
                expansion = block.width // block.layers[0].filters
                filters = change(stage % 2 == 1, block.layers[0].filters)
                assert {layer.filters for layer in varied.layers} == {filters}
                assert varied.width == expansion * filters
                assert len(varied.layers) == len(block.layers)
            assert variant.stem.filters == variant.blocks[0].layers[0].filters


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_r25s_unvaried_networks_have_torchvisions_parameters_but_for_the_stem(depth):
    (own,) = [network for network in load_architectures("r25") if network.name == f"r{depth}"]
    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"resnet{depth}")()
    published = sum(parameter.numel() for parameter in theirs.parameters())
    stems = 3 * 64 * (7 * 7 - 3 * 3)
    assert parameter_count(own, **IMAGENET) == published - stems


def test_r25_has_two_families():
    members = load_architectures("r25")
    units = [member.blocks[0].unit for member in members]
    assert units.count("basic") == 10 and units.count("bottleneck") == 15
    assert minimum_g(members, in_channels=3, num_classes=10, image_size=32) == 2
    for member, unit in zip(members, units, strict=True):
        for other, other_unit in zip(members, units, strict=True):
            assert (incompatibility(member, other) is None) == (unit == other_unit)


def test_v100_varies_one_layer_or_two_in_the_same_way():
    base, *others = load_architectures("v100")
    assert base.blocks == load_architectures("v5")[1].blocks
    layers = [[layer for block in network.blocks for layer in block.layers] for network in others]
    first = [layer for block in base.blocks for layer in block.layers]
    ways = {(True, False): "filters", (False, True): "kernel", (True, True): "both"}
    varied = []
    for variant, own in zip(others, layers, strict=True):
        changed = [pair for pair in zip(first, own, strict=True) if pair[0] != pair[1]]
        varied.append(len(changed))
        way = {ways[b.filters > a.filters, b.kernel > a.kernel] for a, b in changed}
        assert len(way) == 1 and variant.name.endswith(f"_{way.pop()}")
    assert varied == [1] * 39 + [2] * 60


@pytest.mark.parametrize("name", ARCHITECTURE_SETS)
def test_each_set_has_a_title(name):
    assert 10 < len(set_title(name)) <= 100


def test_a_title_is_text_of_one_line(own_set):
    own_set("{title: mine, members: [{name: a, blocks: [[8]]}]}")
    assert set_title("own") == "mine"
    own_set("members: [{name: a, blocks: [[8]]}]")
    assert set_title("own") == ""
    own_set('{title: "a\\nb", members: [{name: a, blocks: [[8]]}]}')
    with pytest.raises(UserError, match=r"^own\.yaml: 'title' must be text of one line, got"):
        set_title("own")


@pytest.mark.parametrize("name", ARCHITECTURE_SETS)
def test_each_file_says_how_many_parameters_its_networks_have(name):
    text = (sets._FOLDER / f"{name}.yaml").read_text()
    said = re.search(r"In all ([\d.,]+) M parameters for 10 classes of 32x32", text).group(1)
    total = sum(parameter_count(member) for member in load_architectures(name)) / 1e6
    digits = len(said.partition(".")[2])
    assert round(total, digits) == float(said.replace(",", ""))


def test_v5_small_varies_as_the_papers_v5_does():
    members = load_architectures("v5-small")
    v13, v16, v16a, v16b, v19 = members
    assert [member.name for member in members] == ["v13", "v16", "v16a", "v16b", "v19"]
    assert {member.stem.space_to_depth for member in members} == {2}
    assert v13.depth < v16.depth == v16a.depth == v16b.depth < v19.depth
    assert {layer.kernel for block in v16a.blocks for layer in block.layers} == {3, 5}
    assert parameter_count(v16b) > parameter_count(v16) > parameter_count(v13)


def test_an_unknown_architecture_set_is_refused_with_the_nearest_name():
    with pytest.raises(
        UserError, match=r"^unknown architecture set 'v5-smal'; did you mean 'v5-small'\?"
    ):
        load_architectures("v5-smal")
