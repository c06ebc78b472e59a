"""The architecture value: what it accepts, what it counts, what it builds."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import IMAGE_SIZE, networks, plain
from torch.utils.flop_counter import FlopCounterMode

from mnbench.architectures import (
    ENSEMBLES,
    Architecture,
    Layer,
    build,
    ensembles,
    forward_flops,
    load_ensemble,
    parameter_count,
    training_flops,
)
from mnbench.architectures.counts import operations
from mnbench.errors import UserError

SHAPE = {"in_channels": 1, "num_classes": 7}


def refused(data, **options):
    """The one line that refuses *data*."""
    with pytest.raises(UserError) as caught:
        Architecture.from_dict(data, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


# The value


@given(networks(name="n"))
def test_plain_values_and_json_describe_a_network_in_full(network):
    read = Architecture.from_dict(json.loads(json.dumps(network.to_dict())))
    assert (read, read.name, read.id) == (network, "n", network.id)
    assert Architecture.from_dict(network.to_dict()) == network


def test_short_and_long_ways_to_write_a_network_agree():
    short = {"blocks": [[8, {"filters": 16, "kernel": 5}]]}
    long = {
        "name": "long",
        "stem": {"space_to_depth": 1},
        "blocks": [{"kind": "plain", "pool": 2, "layers": [{"filters": 8}, (16, 5)]}],
        "head": {"pool": "average", "hidden": []},
    }
    long["blocks"][0]["layers"][1] = {"kernel": 5, "filters": 16}
    assert Architecture.from_dict(short) == Architecture.from_dict(long) == plain([8, (16, 5)])


@given(networks(), networks())
def test_networks_are_equal_exactly_when_their_structures_are(one, other):
    same = {k: v for k, v in one.to_dict().items() if k != "name"} == {
        k: v for k, v in other.to_dict().items() if k != "name"
    }
    assert (one == other) == (one.id == other.id) == same
    renamed = replace(one, name="another name")
    assert renamed == one and hash(renamed) == hash(one) and renamed.id == one.id


@pytest.mark.parametrize(
    "changed",
    [
        plain([8, 16], [33]),
        plain([8, 16], [(32, 5)]),
        plain([8], [16, 32]),
        plain([8, 16, 32]),
        plain([8, 16], [32], stem=2),
        plain([8, 16], [32], hidden=(8,)),
        plain([8, 16], [32], pool="flatten"),
    ],
    ids=str,
)
def test_every_part_of_the_structure_makes_a_difference(changed):
    network = plain([8, 16], [32])
    assert changed != network and changed.id != network.id


def test_the_id_is_the_same_in_every_process():
    network = plain([8, (16, 5)], [32], hidden=(9,), stem=2)
    code = (
        "import json, sys; from mnbench.architectures import Architecture; "
        "print(Architecture.from_dict(json.loads(sys.argv[1])).id)"
    )
    for seed in ("1", "2"):
        shown = subprocess.run(
            [sys.executable, "-c", code, json.dumps(network.to_dict())],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.strip() == network.id


def test_a_network_prints_short_and_readable():
    network = plain([8, (16, 5)], [32], hidden=(64,), name="v16")
    assert str(network) == "v16: 8-16(5x) | 32 fc64"
    assert network.depth == 3


def test_a_network_is_frozen():
    with pytest.raises(AttributeError):
        plain([8]).name = "other"


# Bad input


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([[8], [8, 0]], "network 'bad', block 2, layer 2: filters must be a whole number from 1"),
        ([[-8]], "block 1, layer 1: filters must be a whole number from 1, got -8"),
        ([[True]], "block 1, layer 1: filters must be a whole number from 1, got True"),
        ([[8.0]], "block 1, layer 1: expected"),
        ([["8"]], "block 1, layer 1: expected"),
        ([[None]], "block 1, layer 1: expected"),
        ([[{"filters": "8"}]], "block 1, layer 1: filters must be a whole number from 1, got '8'"),
        ([[{"filters": 8, "kernel": 4}]], "block 1, layer 1: kernel 4 is even; use an odd one"),
        ([[{"filters": 8, "kernel": True}]], "block 1, layer 1: kernel must be a whole number"),
        ([[{"filters": 8, "kernel": "3"}]], "block 1, layer 1: kernel must be a whole number"),
        ([[{"kernel": 3}]], "block 1, layer 1: key 'filters' is missing"),
        ([[{"filtres": 8}]], "block 1, layer 1: unknown key 'filtres'; did you mean 'filters'?"),
        ([], "network 'bad': has no block"),
        ([[8], []], "block 2: has no layer"),
        ([{"layers": [8], "kind": "plan"}], "block 1: unknown kind 'plan'; did you mean 'plain'?"),
        ([{"layers": [8], "kind": 3}], "block 1: unknown kind '3'; allowed: plain"),
        ([{"layers": [8], "pool": 0}], "block 1: pool must be a whole number from 1, got 0"),
        ([{"layers": [8], "pool": False}], "block 1: pool must be a whole number from 1"),
        ([{"layer": [8]}], "block 1: unknown key 'layer'; did you mean 'layers'?"),
        ([{"layers": 8}], "block 1: 'layers' must be a list of layers, got 8"),
        ([{"pool": 2}], "block 1: 'layers' must be a list of layers, got None"),
        ([8], "block 1: expected"),
        (["8-8"], "block 1: expected"),
        ("8-8", "network 'bad': 'blocks' must be a list of blocks, got '8-8'"),
        ({"1": [8]}, "network 'bad': 'blocks' must be a list of blocks"),
        (None, "network 'bad': 'blocks' must be a list of blocks, got None"),
    ],
)
def test_bad_blocks_are_refused_with_the_position(blocks, expected):
    message = refused({"name": "bad", "blocks": blocks})
    assert expected in message and message.startswith("network 'bad'")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("stem", {"space_to_depth": 0}, "stem: space_to_depth must be a whole number from 1"),
        ("stem", {"space_to_depth": "2"}, "stem: space_to_depth must be a whole number from 1"),
        ("stem", {"depth": 2}, "stem: unknown key 'depth'; allowed: space_to_depth"),
        ("stem", 2, "stem: expected keys space_to_depth, got 2"),
        ("stem", False, "stem: expected keys space_to_depth, got False"),
        ("head", {"pool": "averge"}, "head: unknown pool 'averge'; did you mean 'average'?"),
        ("head", {"pool": None}, "head: unknown pool 'None'; allowed: average, flatten"),
        ("head", {"hiden": [8]}, "head: unknown key 'hiden'; did you mean 'hidden'?"),
        ("head", {"hidden": [8, 0]}, "head: hidden width 2 must be a whole number from 1, got 0"),
        ("head", {"hidden": [True]}, "head: hidden width 1 must be a whole number from 1"),
        ("head", {"hidden": 8}, "head: 'hidden' must be a list of widths, got 8"),
        ("head", {"hidden": "88"}, "head: 'hidden' must be a list of widths, got '88'"),
        ("head", ["average"], "head: expected keys pool, hidden, got ['average']"),
        ("blcoks", [[8]], "network 'bad': unknown key 'blcoks'; did you mean 'blocks'?"),
    ],
)
def test_a_bad_stem_or_head_or_key_is_refused(key, value, expected):
    message = refused({"name": "bad", "blocks": [[8]], key: value})
    assert expected in message and message.startswith("network 'bad'")


@pytest.mark.parametrize("data", [None, 3, "8-8", [[8]]])
def test_what_is_no_mapping_is_no_network(data):
    assert "expected keys name, stem, blocks, head" in refused(data, where="my.yaml")


@pytest.mark.parametrize("blocks", [[], [[8, 0]], [["8"]], [[{"filters": 8, "kernel": 2}]], None])
def test_every_error_names_the_file_once(blocks):
    message = refused({"blocks": blocks}, where="my.yaml")
    assert message.startswith("my.yaml: network 'network'") and message.count("my.yaml") == 1


def test_an_image_too_small_names_the_block():
    network = plain([8], [8], [8], name="deep")
    for count in (parameter_count, lambda n, image_size: forward_flops(n, image_size)):
        with pytest.raises(UserError, match=r"^network 'deep', block 3: pooling by 2 .* 6 pixels"):
            count(network, image_size=6)
    assert parameter_count(network, image_size=8) > 0


def test_space_to_depth_must_divide_the_image_size():
    network = plain([8], stem=3, name="thirds")
    with pytest.raises(UserError, match=r"^network 'thirds', stem: space_to_depth 3 .* size 28"):
        training_flops(network, 28)
    assert training_flops(network, 27) > 0


# Ensembles


def test_v5_small_varies_as_the_papers_v5_does():
    members = load_ensemble("v5-small")
    v13, v16, v16a, v16b, v19 = members
    assert [member.name for member in members] == ["v13", "v16", "v16a", "v16b", "v19"]
    assert len(set(members)) == 5 and {member.stem.space_to_depth for member in members} == {2}
    assert v13.depth < v16.depth == v16a.depth == v16b.depth < v19.depth
    assert {layer.kernel for block in v16a.blocks for layer in block.layers} == {3, 5}
    assert parameter_count(v16b) > parameter_count(v16) > parameter_count(v13)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_every_ensemble_takes_every_image_size_of_the_data_sets(name):
    for member in load_ensemble(name):
        for image_size in (28, 32):
            assert training_flops(member, image_size) > 0


def test_an_unknown_ensemble_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match=r"^unknown ensemble 'v5-smal'; did you mean 'v5-small'\?"):
        load_ensemble("v5-smal")


@pytest.fixture
def own_ensemble(tmp_path, monkeypatch):
    """Write an ensemble file of one's own and load it."""

    def load(text):
        (tmp_path / "own.yaml").write_text(text)
        monkeypatch.setattr(ensembles, "_FOLDER", tmp_path)
        monkeypatch.setattr(ensembles, "ENSEMBLES", ("own",))
        return load_ensemble("own")

    return load


def test_shared_keys_hold_unless_a_member_says_otherwise(own_ensemble):
    one, other = own_ensemble(
        """
        shared: {stem: {space_to_depth: 2}, head: {hidden: [9]}}
        members:
          - {name: one, blocks: [[8]]}
          - {name: other, blocks: [[8]], head: {pool: flatten}}
        """
    )
    assert one == plain([8], hidden=(9,), stem=2)
    assert other == plain([8], pool="flatten", stem=2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("members: [{blocks: [[8]]}, {blocks: [[9]]}]", "two members are named network"),
        ("members: [{name: a, blocks: [[8, 0]]}]", "network 'a', block 1, layer 2: filters"),
        ("members: [{name: a, blocks: [[8]]}", "not valid YAML"),
        ("{a: b: c}", "not valid YAML"),
        ("member: [{name: a, blocks: [[8]]}]", "unknown key 'member'; did you mean 'members'?"),
        ("{members: [{blocks: [[8]]}], share: {}}", "unknown key 'share'; did you mean 'shared'?"),
        ("{members: [{blocks: [[8]]}], shared: [1]}", "'shared': expected keys stem, head"),
        ("{members: [{blocks: [[8]]}], shared: {steem: 1}}", "'shared': unknown key 'steem'; did"),
        ("members: 3", "'members' must be a list of networks"),
        ("members: []", "'members' must be a list of networks"),
        ("members: [3]", "member 1: expected keys name, stem, blocks, head, got 3"),
        ("shared: {}", "key 'members' is missing"),
        ("", "expected keys members, shared, got None"),
    ],
)
def test_a_bad_ensemble_file_is_refused_in_one_line(own_ensemble, text, expected):
    with pytest.raises(UserError) as caught:
        own_ensemble(text)
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message


# Counts and modules


@given(networks())
@settings(deadline=None, max_examples=50)
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
@settings(deadline=None, max_examples=25)
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
    after = data.draw(st.integers(1, len(network.blocks)), label="blocks in the trunk")
    module = build(network, image_size=IMAGE_SIZE, **SHAPE)
    with torch.no_grad():
        images = torch.randn(3, 1, IMAGE_SIZE, IMAGE_SIZE)
        trunk = module.blocks[:after](module.stem(images))
    branch = torch.nn.Sequential(module.blocks[after:], module.head)
    layers = sum(len(block.layers) for block in network.blocks[:after])
    assert training_flops(network, IMAGE_SIZE, after_layers=layers, **SHAPE) == counted_flops(
        branch, trunk.requires_grad_(), backward=True
    )


def test_counts_by_hand():
    network = plain([(2, 3)], hidden=(5,))
    shape = {"in_channels": 1, "num_classes": 3}
    assert parameter_count(network, **shape) == (9 * 2 + 2 * 2) + (2 * 5 + 5) + (5 * 3 + 3)
    first, rest = 2 * 9 * 2 * 4 * 4, 2 * (2 * 5 + 5 * 3)
    assert forward_flops(network, 4, **shape) == first + rest
    assert training_flops(network, 4, **shape) == 2 * first + 3 * rest
    assert training_flops(network, 4, after_layers=1, **shape) == 3 * rest


@given(networks())
@settings(deadline=None, max_examples=50)
def test_a_built_network_answers_with_logits(network):
    module = build(network, image_size=IMAGE_SIZE, **SHAPE)
    logits = module(torch.randn(2, 1, IMAGE_SIZE, IMAGE_SIZE))
    assert logits.shape == (2, 7) and logits.isfinite().all()
    convolutions = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    linear = [m for m in module.modules() if isinstance(m, torch.nn.Linear)]
    assert len(convolutions) == network.depth
    assert [Layer(c.out_channels, c.kernel_size[0]) for c in convolutions] == [
        layer for block in network.blocks for layer in block.layers
    ]
    assert [layer.out_features for layer in linear] == [*network.head.hidden, 7]
    assert len(list(operations(network, IMAGE_SIZE, 1, 7))) == len(convolutions) + len(linear)


def test_a_flatten_head_must_know_the_image_size():
    with pytest.raises(ValueError, match="image_size"):
        build(plain([8], pool="flatten"), **SHAPE)


def test_planning_imports_no_torch():
    code = """
import importlib, pkgutil, sys
import baselines, mnbench.architectures, mnbench.lineage, mnbench.mothernets, mnbench.plan
import mnbench.study
for module in pkgutil.iter_modules(baselines.__path__, "baselines."):
    importlib.import_module(module.name)
from mnbench.mothernets import cluster, construct
cluster(mnbench.architectures.load_ensemble("v5-small"), 2)
assert len(list(pkgutil.iter_modules(baselines.__path__))) >= 6
assert "torch" not in sys.modules, "torch was imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
