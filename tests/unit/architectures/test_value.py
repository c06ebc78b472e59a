"""The architecture value: what it accepts, and how it is written."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from support.strategies import dense, mlp, network, networks, plain, units

from mnbench.architectures import Architecture, Layer, Plain, Stem
from mnbench.errors import UserError


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
    ("original", "changed"),
    [
        (plain([8, 16], [32]), plain([8, 16], [33])),
        (plain([8, 16], [32]), plain([8, 16], [(32, 5)])),
        (plain([8, 16], [32]), plain([8], [16, 32])),
        (plain([8, 16], [32]), plain([8, 16, 32])),
        (plain([8, 16], [32]), plain([8, 16], [32], stem=2)),
        (plain([8, 16], [32]), plain([8, 16], [32], hidden=(8,))),
        (plain([8, 16], [32]), plain([8, 16], [32], pool="flatten")),
        (plain([4]), network(Plain((Layer(4),)))),
        (network(units(4, 4)), network(units(4, 5))),
        (network(units(4, 4)), network(units(5, 4))),
        (network(units(4, 4)), network(units(4, 4, stride=2))),
        (network(units(4, 4)), network(units(4, 4, unit="bottleneck"))),
        (network(units(4, 4)), network(units(4, 4, shortcut="identity"))),
        (network(units(4, 4)), network(units(4, 4, preactivated=True))),
        (network(units(4, 4)), network(units(4, 4), stem=5)),
        (network(units(4, 4)), network(units(4, 4), stem=Stem(filters=4, kernel=5))),
        (network(units(4, 4)), network(units(4, 4), stem=Stem(filters=4, stride=2))),
        (network(units(4, 4)), network(units(4, 4), stem=Stem(filters=4, pool=2))),
        (network(dense(4)), network(dense(4), stem=Stem(filters=4, activated=False))),
        (network(dense(4)), network(dense(4, transition=8))),
        (network(dense(4)), network(dense(4, bottleneck=1))),
        (network(dense(4)), network(dense(4, pool=1))),
        (mlp(4), mlp(5)),
        (mlp(4), Architecture(library="timm:resnet18")),
    ],
    ids=str,
)
def test_every_part_of_the_structure_makes_a_difference(original, changed):
    assert changed != original and changed.id != original.id


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
    vgg = plain([8, (16, 5)], [32], hidden=(64,), name="v16")
    assert str(vgg) == "v16: 8-16(5x) | 32 fc64"
    hybrid = network(
        Plain((Layer(8),)),
        units(16, 8, (4, 5), preactivated=True, unit="bottleneck"),
        dense(4, 4, transition=12, bottleneck=2),
        stem=Stem(filters=4, kernel=7),
        name="h",
    )
    assert str(hybrid) == "h: [4(7x)] 8 | residual 16 pre-bottleneck:8-4(5x) | dense b2:4-4>12"
    assert str(mlp(20, 10, name="m")) == "m: fc20 fc10"
    assert str(Architecture(library="timm:resnet18", name="t")) == "t: timm:resnet18"
    assert (vgg.depth, hybrid.depth, mlp(4).depth) == (3, 5, 0)


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
        ([[8.0]], "block 1, layer 1: must be a whole number of filters or"),
        ([["8"]], "block 1, layer 1: must be a whole number of filters or"),
        ([[None]], "block 1, layer 1: must be a whole number of filters or"),
        ([[{"filters": "8"}]], "block 1, layer 1: filters must be a whole number from 1, got '8'"),
        ([[{"filters": 8, "kernel": 4}]], "block 1, layer 1: kernel 4 is even; use an odd one"),
        ([[{"filters": 8, "kernel": True}]], "block 1, layer 1: kernel must be a whole number"),
        ([[{"filters": 8, "kernel": "3"}]], "block 1, layer 1: kernel must be a whole number"),
        ([[{"kernel": 3}]], "block 1, layer 1: key 'filters' is missing"),
        ([[{"filtres": 8}]], "block 1, layer 1: unknown key 'filtres'; did you mean 'filters'?"),
        ([], "network 'bad': has no block; give at least one, or, for a fully connected network"),
        ([[8], []], "block 2: has no layer"),
        ([{"layers": [8], "kind": "plan"}], "block 1: unknown kind 'plan'; did you mean 'plain'?"),
        ([[100_001]], "block 1, layer 1: filters must be at most 100,000, got 100,001"),
        ([[{"filters": 8, "kernel": 257}]], "block 1, layer 1: kernel must be at most 255, got"),
        ([{"layers": [8], "kind": 3}], "block 1: unknown kind '3'; allowed: dense, plain, resid"),
        ([{"layers": [8], "kind": ["plain"]}], "block 1: unknown kind '['plain']'; did you mean"),
        ([{"layers": [8], "pool": 0}], "block 1: pool must be a whole number from 1, got 0"),
        ([{"layers": [8], "pool": False}], "block 1: pool must be a whole number from 1"),
        ([{"layer": [8]}], "block 1: unknown key 'layer'; did you mean 'layers'?"),
        ([{"layers": 8}], "block 1: 'layers' must be a list of layers, got 8"),
        ([{"pool": 2}], "block 1: key 'layers' is missing"),
        ([{"layers": None}], "block 1: 'layers' must be a list of layers, got None"),
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


UNITS = {"kind": "residual", "layers": [4], "width": 4}
DENSE = {"kind": "dense", "layers": [4]}


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"width": 0}, "block 1: width must be a whole number from 1, got 0"),
        ({"width": "4"}, "block 1: width must be a whole number from 1, got '4'"),
        ({"stride": 0}, "block 1: stride must be a whole number from 1, got 0"),
        ({"unit": "bottelneck"}, "block 1: unknown unit 'bottelneck'; did you mean 'bottleneck'?"),
        ({"unit": None}, "block 1: unknown unit 'None'; allowed: basic, bottleneck"),
        ({"shortcut": "project"}, "block 1: unknown shortcut 'project'; did you mean 'projection'"),
        ({"shortcut": "identity", "width": 5}, "block 1: shortcut 'identity' needs stride 1 and"),
        ({"shortcut": "identity", "stride": 2}, "that flows in, 4, got stride 2 and width 4"),
        (
            {"shortcut": "padding", "width": 3},
            "block 1: shortcut 'padding' cannot drop channels: 4",
        ),
        ({"preactivated": 1}, "block 1: preactivated must be true or false, got 1"),
        ({"pool": 2}, "block 1: unknown key 'pool'; allowed: kind, layers, preactivated, shortcut"),
        ({"layers": [4, 0]}, "block 1, layer 2: filters must be a whole number from 1, got 0"),
        ({"layers": [{"filters": 4, "kernel": 2}]}, "block 1, layer 1: kernel 2 is even"),
        ({"layers": []}, "block 1: has no layer; give at least one"),
    ],
)
def test_bad_residual_blocks_are_refused(block, expected):
    data = {"name": "bad", "stem": {"filters": 4}, "blocks": [UNITS | block]}
    assert expected in refused(data)


def test_a_residual_block_must_have_a_width():
    data = {"name": "bad", "stem": {"filters": 4}, "blocks": [{"kind": "residual", "layers": [4]}]}
    assert refused(data) == "network 'bad', block 1: key 'width' is missing; give it"


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"transition": -1}, "block 1: transition must be a whole number from 0, got -1"),
        ({"bottleneck": True}, "block 1: bottleneck must be a whole number from 0, got True"),
        ({"pool": 0}, "block 1: pool must be a whole number from 1, got 0"),
        ({"layers": [0]}, "block 1, layer 1: filters must be a whole number from 1, got 0"),
        ({"layers": [{"filters": 4, "kernel": 4}]}, "block 1, layer 1: kernel 4 is even"),
        ({"layers": []}, "block 1: has no layer; give at least one"),
        ({"stride": 2}, "block 1: unknown key 'stride'; allowed: bottleneck, kind, layers, pool"),
    ],
)
def test_bad_dense_blocks_are_refused(block, expected):
    data = {"name": "bad", "stem": {"filters": 4}, "blocks": [DENSE | block]}
    assert expected in refused(data)


@pytest.mark.parametrize("block", [UNITS, DENSE])
def test_what_adds_to_channels_needs_some(block):
    message = refused({"name": "bad", "blocks": [block]})
    assert message.startswith("network 'bad', block 1: a ") and "give the stem filters" in message
    assert Architecture.from_dict({"blocks": [[4], block]}).depth == 2


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("stem", {"space_to_depth": 0}, "stem: space_to_depth must be a whole number from 1"),
        ("stem", {"space_to_depth": "2"}, "stem: space_to_depth must be a whole number from 1"),
        ("stem", {"filters": -1}, "stem: filters must be a whole number from 0, got -1"),
        ("stem", {"filters": True}, "stem: filters must be a whole number from 0, got True"),
        ("stem", {"filters": 4, "kernel": 6}, "stem: kernel 6 is even; use an odd one"),
        ("stem", {"filters": 4, "stride": 0}, "stem: stride must be a whole number from 1"),
        ("stem", {"filters": 4, "pool": 0}, "stem: pool must be a whole number from 1"),
        ("stem", {"filters": 4, "activated": 0}, "stem: activated must be true or false, got 0"),
        ("stem", {"filters": 4, "activated": False}, "stem: activated is false, but what follows"),
        ("stem", {"stride": 2}, "stem: kernel, stride, pool and activated are those of a convol"),
        ("stem", {"depth": 2}, "stem: unknown key 'depth'; allowed: activated, filters"),
        ("stem", 2, "stem: expected keys space_to_depth, filters, kernel, stride, pool, activated"),
        ("stem", False, "stem: expected keys space_to_depth, filters"),
        ("head", {"pool": "averge"}, "head: unknown pool 'averge'; did you mean 'average'?"),
        ("head", {"pool": None}, "head: unknown pool 'None'; allowed: average, flatten"),
        ("head", {"hiden": [8]}, "head: unknown key 'hiden'; did you mean 'hidden'?"),
        ("head", {"hidden": [8, 0]}, "head: hidden width 2 must be a whole number from 1, got 0"),
        ("head", {"hidden": [True]}, "head: hidden width 1 must be a whole number from 1"),
        ("head", {"hidden": 8}, "head: 'hidden' must be a list of widths, got 8"),
        ("head", {"hidden": "88"}, "head: 'hidden' must be a list of widths, got '88'"),
        ("head", ["average"], "head: expected keys pool, hidden, got ['average']"),
        ("blcoks", [[8]], "network 'bad': unknown key 'blcoks'; did you mean 'blocks'?"),
        ("library", "timm:resnet18", "timm:resnet18 has its own stem, blocks and head; give none"),
        ("library", "resnet18", "unknown library network 'resnet18'; write 'timm:' and the name"),
        ("library", 18, "unknown library network 18; write 'timm:' and the name"),
    ],
)
def test_a_bad_stem_or_head_or_key_is_refused(key, value, expected):
    message = refused({"name": "bad", "blocks": [[8]], key: value})
    assert expected in message and message.startswith("network 'bad'")


@pytest.mark.parametrize("head", [{}, {"hidden": [8]}, {"pool": "flatten"}])
def test_a_network_without_blocks_needs_hidden_layers_on_pixels(head):
    assert "has no block; give at least one" in refused({"name": "bad", "head": head})
    assert Architecture.from_dict({"head": {"pool": "flatten", "hidden": [8]}}) == mlp(8)


@pytest.mark.parametrize("data", [None, 3, "8-8", [[8]]])
def test_what_is_no_mapping_is_no_network(data):
    assert "expected keys name, stem, blocks, head" in refused(data, file="my.yaml")


@pytest.mark.parametrize("blocks", [[], [[8, 0]], [["8"]], [[{"filters": 8, "kernel": 2}]], None])
def test_every_error_names_the_file_once(blocks):
    message = refused({"blocks": blocks}, file="my.yaml")
    assert message.startswith("my.yaml: network 'network'") and message.count("my.yaml") == 1


def test_planning_imports_no_torch():
    code = """
import importlib, pkgutil, sys
import baselines, mnbench.architectures, mnbench.mothernets
import mnbench.planning.config, mnbench.planning.plan, mnbench.planning.planner
for module in pkgutil.iter_modules(baselines.__path__, "baselines."):
    importlib.import_module(module.name)
from mnbench.mothernets import cluster, construct
for name in mnbench.architectures.ARCHITECTURE_SETS:
    mnbench.architectures.load_architectures(name)
cluster(mnbench.architectures.load_architectures("v5-small"), 2)
assert len(list(pkgutil.iter_modules(baselines.__path__))) >= 6
assert not {"torch", "timm"} & set(sys.modules), "torch or timm was imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
