"""The architecture sets: the ways to write one, and the ones there are."""

import re
from dataclasses import replace

import pytest
import torch
import torchvision
from support.strategies import dense, mlp, network, plain, units

from mnbench.architectures import (
    ARCHITECTURE_SETS,
    Architecture,
    Head,
    Layer,
    Plain,
    Stem,
    load_architectures,
    parameter_count,
    set_title,
    sets,
    training_flops,
)
from mnbench.architectures.families import densenet, resnet, vgg
from mnbench.architectures.variants import Rule, variants
from mnbench.errors import UserError
from mnbench.mothernets import minimum_g
from mnbench.mothernets.construction import incompatibility

SMALL = [name for name in ARCHITECTURE_SETS if name.endswith("-small")]


@pytest.fixture
def own_set(tmp_path, monkeypatch):
    """Write the file of an architecture set and load it."""

    def load(text):
        (tmp_path / "own.yaml").write_text(text)
        monkeypatch.setattr(sets, "_FOLDER", tmp_path)
        monkeypatch.setattr(sets, "ARCHITECTURE_SETS", ("own",))
        return load_architectures("own")

    return load


@pytest.mark.parametrize("name", ["e$(touch PWN)", "my ens", "-rf", "a'b", "a\nb", ".hidden"])
def test_a_file_whose_name_a_shell_might_misread_is_refused(tmp_path, monkeypatch, name):
    (tmp_path / f"{name}.yaml").write_text("members: [{name: a, blocks: [[8]]}]")
    monkeypatch.setattr(sets, "_FOLDER", tmp_path)
    monkeypatch.setattr(sets, "ARCHITECTURE_SETS", (name,))
    with pytest.raises(UserError, match="cannot name an architecture set") as caught:
        load_architectures(name)
    assert "\n" not in str(caught.value)


# Numbers beyond all networks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "members: [{name: a, family: resnet, depth: 6000000002}]",
            "network 'a': resnet: depth must be at most 6,000, got 6,000,000,002",
        ),
        (
            f"members: [{{name: a, blocks: [[{', '.join(['8'] * 1001)}]]}}]",
            "network 'a': has 1,001 layers; give at most 1,000",
        ),
        (f"members: [{', '.join(['3'] * 5001)}]", "'members' must be at most 5,000 networks"),
    ],
)
def test_a_set_that_would_take_minutes_is_refused_at_once(own_set, text, said):
    with pytest.raises(UserError) as caught:
        own_set(text)
    assert str(caught.value) == f"own.yaml: {said}"


def test_a_file_in_another_encoding_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_bytes("members: [é]".encode("latin-1"))
    monkeypatch.setattr(sets, "_FOLDER", tmp_path)
    monkeypatch.setattr(sets, "ARCHITECTURE_SETS", ("own",))
    with pytest.raises(UserError, match=r"^own\.yaml: is no UTF-8 text .*; save it as UTF-8$"):
        load_architectures("own")


# The named ones


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


# The ways to write a network


def test_shared_keys_hold_unless_a_member_says_otherwise(own_set):
    one, other = own_set(
        """
        shared: {stem: {space_to_depth: 2}, head: {hidden: [9]}}
        members:
          - {name: one, blocks: [[8]]}
          - {name: other, blocks: [[8]], head: {pool: flatten}}
        """
    )
    assert one == plain([8], hidden=(9,), stem=2)
    assert other == plain([8], pool="flatten", stem=2)


def test_a_member_can_be_one_of_a_family(own_set):
    members = own_set(
        """
        members:
          - {name: v, family: vgg, depth: 16, width: 8, classifier: [20, 20]}
          - {name: r, family: resnet, depth: 20, shortcut: projection}
          - {name: d, family: densenet, depth: 40, growth: 12, bottleneck: true, compression: 1}
          - {name: m, family: mlp, hidden: [20]}
        """
    )
    assert members == (
        vgg(16, 8, (20, 20)),
        resnet(20, shortcut="projection"),
        densenet(40, 12, bottleneck=True, compression=1.0),
        mlp(20),
    )
    assert [member.name for member in members] == ["v", "r", "d", "m"]


def test_a_familys_stem_and_head_change_key_by_key(own_set):
    one, other = own_set(
        """
        shared: {stem: {space_to_depth: 2}, head: {hidden: [9]}}
        members:
          - {name: one, family: resnet, depth: 20}
          - {name: other, family: resnet, depth: 20, stem: {kernel: 5}, head: {hidden: []}}
        """
    )
    blocks = resnet(20).blocks
    assert one == Architecture(blocks, Stem(2, filters=16), Head(hidden=(9,)))
    assert other == Architecture(blocks, Stem(2, filters=16, kernel=5))


def test_a_member_can_be_a_librarys_by_name(own_set):
    one, other = own_set(
        """
        shared: {stem: {space_to_depth: 2}}
        members: ["timm:resnet18.a1_in1k", {name: own, library: "timm:resnet18"}]
        """
    )
    assert (one.library, one.name) == ("timm:resnet18.a1_in1k", "timm-resnet18.a1_in1k")
    assert (other.library, other.name) == ("timm:resnet18", "own")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("members: [{blocks: [[8]]}, {blocks: [[9]]}]", "two members are named network"),
        ("members: [{name: a, blocks: [[8, 0]]}]", "network 'a', block 1, layer 2: filters"),
        ("members: [{name: a/b, blocks: [[8]]}]", "network 'a/b': a name becomes a folder's"),
        ("members: [{name: a, blocks: [[8]]}", "not valid YAML"),
        ("{a: b: c}", "not valid YAML"),
        ("{members: [], members: [[8]]}", "key 'members' is given twice; give it once"),
        ("member: [{name: a, blocks: [[8]]}]", "unknown key 'member'; did you mean 'members'?"),
        ("{members: [{blocks: [[8]]}], share: {}}", "unknown key 'share'; did you mean 'shared'?"),
        ("{members: [{blocks: [[8]]}], shared: [1]}", "'shared': expected keys stem, head"),
        ("{members: [{blocks: [[8]]}], shared: {steem: 1}}", "'shared': unknown key 'steem'; did"),
        ("{members: [{blocks: [[8]]}], shared: {stem: 1}}", "'shared', stem: expected keys space"),
        (
            "{members: [{blocks: [[8]]}], shared: {head: {hiden: []}}}",
            "'shared', head: unknown key",
        ),
        ("members: 3", "'members' must be a list of networks"),
        ("members: []", "'members' must be a list of networks"),
        ("members: [3]", "member 1: expected keys name, stem, blocks, head, library, got 3"),
        (
            "members: [{name: a, block: [[8]]}]",
            "member 1: unknown key 'block'; did you mean 'block",
        ),
        ("shared: {}", "key 'base' is missing; give members, or base and variants"),
        ("", "expected keys title, members, base, variants, shared, got None"),
        ("members: [resnet18]", "member 1: 'resnet18' is no network; write its keys, or 'timm:'"),
        (
            "members: [{name: z, stem: {filters: 0}, blocks: [[8]]}]",
            "network 'z', stem: filters must be a whole number from 1, got 0; leave",
        ),
        ("members: [{timm: resnet18}]", "member 1: write 'timm:resnet18', without the space"),
        ("members: ['timm:']", "member 1: 'timm:' is no network; write its keys, or 'timm:' and"),
        ("members: ['timm:a', 'timm:a']", "two members are named timm-a; rename one"),
    ],
)
def test_a_bad_file_of_an_architecture_set_is_refused_in_one_line(own_set, text, expected):
    with pytest.raises(UserError) as caught:
        own_set(text)
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message
    assert message.count("own.yaml") == 1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("family: resnt", "network 'r': unknown family 'resnt'; did you mean 'resnet'?"),
        ("family: hybrid", "network 'r': a hybrid is written out: give 'blocks' instead of"),
        ("family: 3", "network 'r': unknown family '3'; allowed: densenet, mlp, resnet"),
        ("family: resnet", "network 'r': key 'depth' is missing"),
        ("family: resnet, depth: true", "network 'r': 'depth' must be a whole number, got True"),
        ("family: resnet, depth: 21", "network 'r': resnet: depth must be 6 n + 2"),
        ("family: resnet, depth: 20, widht: 8", "unknown key 'widht'; did you mean 'width'?"),
        ("family: resnet, depth: 20, blocks: []", "network 'r': unknown key 'blocks'; allowed"),
        ("family: resnet, depth: 20, growth: 8", "network 'r': unknown key 'growth'; allowed"),
        ("family: resnet, depth: 20, width: '8'", "'width' must be a whole number, got '8'"),
        ("family: resnet, depth: 20, width: 0", "network 'r': resnet: width must be a whole"),
        ("family: resnet, depth: 20, imagenet: 1", "'imagenet' must be true or false, got 1"),
        ("family: resnet, depth: 20, stem: 8", "network 'r', stem: expected keys space_to_depth"),
        ("family: resnet, depth: 20, stem: {kernel: 2}", "network 'r', stem: kernel 2 is even"),
        ("family: resnet, depth: 20, stem: {kernal: 3}", "stem: unknown key 'kernal'; did you"),
        ("family: resnet, depth: 20, stem: {filters: 8}", "network 'r', block 1: shortcut"),
        ("family: mlp, hidden: 8", "network 'r': 'hidden' must be a list, '[a, b]', got 8"),
        (
            "family: mlp, hidden: [8, x]",
            "network 'r': 'hidden' must be a whole number, got [8, 'x']",
        ),
        ("family: mlp, hidden: []", "network 'r': mlp: hidden must be a list of at least one"),
    ],
)
def test_a_bad_family_is_refused_in_one_line(own_set, keys, expected):
    with pytest.raises(UserError) as caught:
        own_set(f"members: [{{name: r, {keys}}}]")
    message = str(caught.value)
    assert message.startswith("own.yaml: network 'r'") and expected in message
    assert message.count("own.yaml") == 1 and "\n" not in message


# Sets made by a rule


def test_variants_by_hand_vary_one_layer_each():
    base = plain([4, (6, 5)], [8], stem=2, name="v")
    made = variants(base, Rule(14, more_filters=0.5, larger_kernel=2))
    expected = {
        "v": base,
        "v_l1_filters": plain([6, (6, 5)], [8], stem=2),
        "v_l1_kernel": plain([(4, 5), (6, 5)], [8], stem=2),
        "v_l1_both": plain([(6, 5), (6, 5)], [8], stem=2),
        "v_l2_filters": plain([4, (9, 5)], [8], stem=2),
        "v_l2_kernel": plain([4, (6, 7)], [8], stem=2),
        "v_l2_both": plain([4, (9, 7)], [8], stem=2),
        "v_l3_filters": plain([4, (6, 5)], [12], stem=2),
        "v_l3_kernel": plain([4, (6, 5)], [(8, 5)], stem=2),
        "v_l3_both": plain([4, (6, 5)], [(12, 5)], stem=2),
        "v_l1_filters2": plain([8, (6, 5)], [8], stem=2),
        "v_l1_kernel2": plain([(4, 7), (6, 5)], [8], stem=2),
        "v_l1_both2": plain([(8, 7), (6, 5)], [8], stem=2),
        "v_l2_filters2": plain([4, (12, 5)], [8], stem=2),
    }
    assert [member.name for member in made] == list(expected)
    assert made == tuple(expected.values())


def test_variants_by_hand_of_two_layers_follow_those_of_one():
    base = plain([4, 8], [8], name="v")
    made = variants(base, Rule(20, layers=2))
    assert made[:10] == variants(base, Rule(10))
    expected = {
        "v_l1_l2_filters": plain([6, 12], [8]),
        "v_l1_l2_kernel": plain([(4, 5), (8, 5)], [8]),
        "v_l1_l2_both": plain([(6, 5), (12, 5)], [8]),
        "v_l2_l3_filters": plain([4, 12], [12]),
        "v_l2_l3_kernel": plain([4, (8, 5)], [(8, 5)]),
        "v_l2_l3_both": plain([4, (12, 5)], [(12, 5)]),
        "v_l1_l3_filters": plain([6, 8], [12]),
        "v_l1_l3_kernel": plain([(4, 5), 8], [(8, 5)]),
        "v_l1_l3_both": plain([(6, 5), 8], [(12, 5)]),
        "v_l1_filters2": plain([8, 8], [8]),
    }
    assert [member.name for member in made[10:]] == list(expected)
    assert made[10:] == tuple(expected.values())


def test_a_units_and_a_dense_layers_variants_keep_what_flows():
    base = network(Plain((Layer(4),)), units(8, 4, 4), dense(2, 2, transition=6), name="h")
    made = variants(base, Rule(16))
    assert len({*made}) == 16 and {incompatibility(base, variant) for variant in made} == {None}
    assert made[4] == network(Plain((Layer(4),)), units(8, 6, 4), dense(2, 2, transition=6))
    assert made[-1] == network(Plain((Layer(4),)), units(8, 4, 4), dense(2, (3, 5), transition=6))
    assert [member.name for member in made][-3:] == ["h_l5_filters", "h_l5_kernel", "h_l5_both"]


def test_variants_differ_however_small_the_step_is():
    made = variants(plain([1, 2]), Rule(60, more_filters=0.01))
    assert len(set(made)) == 60


def test_the_same_rule_makes_the_first_of_a_larger_set():
    assert load_architectures("v100-small")[:25] == load_architectures("v25-small")


def test_only_v100_has_the_base_of_the_authors_demo():
    c, d = load_architectures("v5")[1], vgg(16)
    assert load_architectures("v100")[0].blocks == c.blocks != d.blocks
    assert load_architectures("v25")[0].blocks == d.blocks


def test_a_base_can_be_written_in_both_ways_and_shares(own_set):
    of_family = own_set(
        """
        shared: {head: {hidden: [9]}}
        base: {name: r, family: resnet, depth: 8}
        variants: {networks: 3}
        """
    )
    assert of_family[0] == Architecture(resnet(8).blocks, Stem(filters=16), Head(hidden=(9,)))
    in_full = own_set("{base: {name: v, blocks: [[8]]}, variants: {networks: 2}}")
    assert in_full == (plain([8]), plain([12]))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{}", "'variants': key 'networks' is missing"),
        ("3", "'variants': expected keys networks, more_filters, larger_kernel, layers, got 3"),
        ("{network: 3}", "'variants': unknown key 'network'; did you mean 'networks'?"),
        ("{networks: 5001}", "'variants': networks must be at most 5,000, got 5,001"),
        ("{networks: 1}", "'variants': networks must be a whole number from 2, got 1"),
        ("{networks: 3.5}", "'variants': networks must be a whole number from 2, got 3.5"),
        ("{networks: 3, more_filters: 0}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: .nan}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: true}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, more_filters: half}", "'variants': more_filters must be a number over 0"),
        ("{networks: 3, larger_kernel: 1}", "larger_kernel 1 makes even kernels; use an even one"),
        ("{networks: 3, layers: 3}", "'variants': layers must be at most 2, got 3"),
        ("{networks: 3, layers: 0}", "'variants': layers must be a whole number from 1, got 0"),
        ("{networks: 3, larger_kernel: 0}", "'variants': larger_kernel must be a whole number"),
    ],
)
def test_a_bad_rule_is_refused_in_one_line(own_set, rule, expected):
    with pytest.raises(UserError) as caught:
        own_set(f"{{base: {{name: v, blocks: [[8]]}}, variants: {rule}}}")
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{base: {blocks: [[8]]}}",
            "key 'variants' is missing; give members, or base and variants",
        ),
        ("{variants: {networks: 3}}", "key 'base' is missing; give members, or base and variants"),
        ("{members: [], base: {blocks: [[8]]}}", "give either members, or base and variants"),
        ("{base: [[8]], variants: {networks: 3}}", "'base': expected keys name, stem, blocks"),
        ("{base: {name: v, blocks: [[0]]}, variants: {networks: 3}}", "network 'v', block 1, lay"),
        ("{base: 'timm:resnet18', variants: {networks: 3}}", "'timm-resnet18' has no blocks whose"),
        (
            "{base: {name: m, family: mlp, hidden: [8]}, variants: {networks: 3}}",
            "'m' has no block",
        ),
    ],
)
def test_a_bad_base_is_refused_in_one_line(own_set, text, expected):
    with pytest.raises(UserError) as caught:
        own_set(text)
    message = str(caught.value)
    assert message.startswith("own.yaml: ") and expected in message and "\n" not in message
