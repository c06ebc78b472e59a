"""Files of architecture sets: the ways to write one, and what is refused."""

import pytest
from support.strategies import mlp, plain

from mnbench.architectures import (
    Architecture,
    Head,
    Stem,
    load_architectures,
    sets,
)
from mnbench.architectures.families import densenet, resnet, vgg
from mnbench.errors import UserError


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
