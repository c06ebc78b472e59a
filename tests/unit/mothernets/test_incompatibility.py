"""Incompatible networks: which ones no MotherNet connects, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from support.fitting import with_item
from support.strategies import dense, listed, mlp, network, networks, plain, units

from mnbench.architectures import Architecture, Plain, Stem
from mnbench.errors import UserError
from mnbench.mothernets import construct, incompatibility

BASE = network(Plain(listed(8)), units(8, 4, stride=2), dense(4, transition=6, bottleneck=2))
FIXED = (
    (0, {"pool": 1}, "block 1 pools by 2 in one and by 1 in the other"),
    (1, {"stride": 1}, "block 2 strides by 2 in one and by 1 in the other"),
    (1, {"unit": "bottleneck"}, "block 2 has basic units in one and bottleneck units in the other"),
    (1, {"shortcut": "padding"}, "block 2 has shortcuts by projection in one and by padding in"),
    (1, {"preactivated": True}, "block 2 is preactivated in one alone"),
    (2, {"pool": 1}, "block 3 pools by 2 in one and by 1 in the other"),
    (2, {"transition": 0}, "block 3 has a transition in one alone"),
    (2, {"bottleneck": 0}, "block 3 has bottlenecks of 2 in one and of 0 in the other"),
    (2, {"bottleneck": 4}, "block 3 has bottlenecks of 2 in one and of 4 in the other"),
)


def changed(network, index, change):
    """*network* with one block changed."""
    block = replace(network.blocks[index], **change)
    return replace(network, blocks=with_item(network.blocks, index, block))


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (plain([8]), plain([8], stem=2), "their stems differ: space_to_depth is 1 and 2"),
        (
            network(Plain(listed(8))),
            plain([8]),
            "one has a convolution in its stem and the other has none",
        ),
        *(
            (BASE, replace(BASE, stem=replace(BASE.stem, **{key: 2})), f"{key} is 1 and 2")
            for key in ("stride", "pool")
        ),
        (
            network(dense(4)),
            network(dense(4), stem=Stem(filters=4, activated=False)),
            "their stems differ: activated is True and False",
        ),
        (plain([8], [8]), plain([8]), "they have 2 and 1 blocks"),
        (plain([8]), mlp(8), "they have 1 and 0 blocks"),
        (BASE, network(units(8, 4), *BASE.blocks[1:]), "block 1 is plain in one and residual in"),
        *((BASE, changed(BASE, index, change), reason) for index, change, reason in FIXED),
        (
            plain([8]),
            plain([8], pool="flatten"),
            "one head pools by 'average', the other by 'flatten'",
        ),
        (
            plain([8], pool="flatten"),
            plain([8], pool="flatten", hidden=(800,)),
            "behind a 'flatten' head, one has hidden layers and the other has none",
        ),
        *(
            (
                network(block),
                network(block, hidden=(8,)),
                f"behind a {block.kind} block, one has hidden layers and the other has none",
            )
            for block in (units(8, 4), dense(4))
        ),
        (
            Architecture(library="timm:resnet18"),
            plain([8]),
            "one is a network of a library, timm:resnet18",
        ),
        (
            Architecture(library="timm:resnet18"),
            Architecture(library="timm:resnet34"),
            "one is a network of a library, timm:resnet18",
        ),
    ],
    ids=str,
)
def test_incompatible_networks_have_no_mothernet(one, other, reason):
    one, other = replace(one, name="one"), replace(other, name="other")
    assert reason in incompatibility(one, other)
    assert incompatibility(other, one) is not None
    with pytest.raises(UserError, match=r"^no MotherNet of one and other: ") as caught:
        construct([one, other])
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_networks_that_look_incompatible_and_are_not():
    assert incompatibility(plain([8]), plain([8], hidden=(8,))) is None
    assert incompatibility(network(units(8, 4)), network(units(9, 4, 4), stem=7)) is None
    flat = {"pool": "flatten", "hidden": (8,)}
    assert incompatibility(network(dense(4), **flat), network(dense(4, 4), **flat)) is None


def test_a_library_network_is_its_own_mothernet():
    one = Architecture(library="timm:resnet18", name="one")
    assert incompatibility(one, replace(one, name="other")) is None
    assert construct([one, one]) == one


@given(networks(), networks(), networks())
def test_compatibility_is_an_equivalence(a, b, c):
    assert incompatibility(a, a) is None
    assert (incompatibility(a, b) is None) == (incompatibility(b, a) is None)
    if incompatibility(a, b) is None and incompatibility(b, c) is None:
        assert incompatibility(a, c) is None
