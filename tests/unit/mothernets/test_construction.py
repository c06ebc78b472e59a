"""The MotherNet's structure: the largest from which every member can really be hatched."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import (
    IMAGE_SIZE,
    dense,
    ensembles,
    listed,
    mlp,
    network,
    networks,
    plain,
    units,
)

from mnbench.architectures import Architecture, Layer, Plain, Stem, build, load_architectures
from mnbench.errors import UserError
from mnbench.mothernets import construct, hatch, incompatibility
from mnbench.mothernets.hatching import hatching_difference

SHAPE = {"in_channels": 1, "num_classes": 4, "image_size": IMAGE_SIZE}


def chain_fits(mothernet, member):
    """The definition: position by position no wider, and carried by every layer inserted behind."""
    inserted = member[len(mothernet) :]
    return (
        len(mothernet) <= len(member)
        and all(ours <= theirs for ours, theirs in zip(mothernet, member, strict=False))
        and (not mothernet or all(mothernet[-1] <= width for width in inserted))
    )


def layers_fit(mothernet, member):
    """Position by position no larger; what is inserted behind constrains nothing."""
    return len(mothernet.layers) <= len(member.layers) and all(
        ours.filters <= theirs.filters and ours.kernel <= theirs.kernel
        for ours, theirs in zip(mothernet.layers, member.layers, strict=False)
    )


def stem_fits(mothernet, member):
    """The same but for the convolution, which may be larger."""
    return (
        replace(mothernet, filters=member.filters, kernel=member.kernel) == member
        and (mothernet.filters > 0) == (member.filters > 0)
        and mothernet.filters <= member.filters
        and mothernet.kernel <= member.kernel
    )


def block_fits(mothernet, member):
    """The same but for its numbers of layers and channels, which may be larger."""
    if mothernet.kind != member.kind or not layers_fit(mothernet, member):
        return False
    free = {"plain": (), "residual": ("width",), "dense": ("transition",)}
    least = {key: getattr(mothernet, key) for key in free[mothernet.kind]}
    most = {key: getattr(member, key) for key in free[mothernet.kind]}
    if replace(mothernet, layers=member.layers, **most) != member:
        return False
    if mothernet.kind == "plain" and not chain_fits(
        *([layer.filters for layer in block.layers] for block in (mothernet, member))
    ):
        return False
    return all((least[key] > 0) == (most[key] > 0) and least[key] <= most[key] for key in most)


def fits(mothernet, member):
    """Whether *member* can be hatched, written down apart from the library's own rule."""
    if (
        len(mothernet.blocks) != len(member.blocks)
        or not stem_fits(mothernet.stem, member.stem)
        or not all(map(block_fits, mothernet.blocks, member.blocks))
        or mothernet.head.pool != member.head.pool
    ):
        return False
    ours, theirs = mothernet.head.hidden, member.head.hidden
    if not ours and theirs:
        last = mothernet.blocks[-1]
        carries = mothernet.head.pool == "average" and last.kind == "plain"
        return carries and last.layers[-1].filters <= min(theirs)
    return chain_fits(ours, theirs)


def enlarged(network):
    """Every network that is larger than *network* in a single place, and where that needs it."""
    if network.stem.filters:
        for key, more in (("filters", 1), ("kernel", 2)):
            yield _streaming(network, _more(network.stem, key, more), network.blocks)
    for index, block in enumerate(network.blocks):
        for larger in _enlarged(block):
            yield _streaming(network, network.stem, _put(network.blocks, index, larger))
    hidden = network.head.hidden
    for i, width in enumerate(hidden):
        yield replace(network, head=replace(network.head, hidden=_put(hidden, i, width + 1)))
    width = (*hidden, 1)[-1]
    if not hidden and network.blocks[-1].kind == "plain":
        width = network.blocks[-1].layers[-1].filters
    yield replace(network, head=replace(network.head, hidden=(*hidden, width)))


def _enlarged(block):
    layers = block.layers
    for i, layer in enumerate(layers):
        for key, more in (("filters", 1), ("kernel", 2)):
            yield replace(block, layers=_put(layers, i, _more(layer, key, more)))
    # A layer more is tried at its smallest.
    smallest = Layer(layers[-1].filters if block.kind == "plain" else 1, 1)
    yield replace(block, layers=(*layers, smallest))
    free = getattr(block, "shortcut", "") != "identity"  # else the stream's width is what flows in
    for key in ("width", "transition"):
        if getattr(block, key, 0) and (key != "width" or free):
            yield _more(block, key, 1)


def _streaming(network, stem, blocks):
    """*network* with other parts, its streams as wide as their shortcuts need."""
    fitted, channels = [], stem.filters
    for block in blocks:
        if block.kind == "residual" and (
            block.shortcut == "identity" or (block.shortcut == "padding" and block.width < channels)
        ):
            block = replace(block, width=channels)
        fitted.append(block)
        channels = block.outputs(channels)
    return replace(network, stem=stem, blocks=tuple(fitted))


def _more(value, key, by):
    return replace(value, **{key: getattr(value, key) + by})


def _put(values, index, value):
    return (*values[:index], value, *values[index + 1 :])


# By hand

PRE = {"preactivated": True}
IDENTITY = {"shortcut": "identity"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        # What is inserted behind the last layer must carry all of it: 8, not 16.
        ([plain([16, 8]), plain([16])], plain([8])),
        ([plain([16, 32, 8, 24]), plain([16, 16])], plain([16, 8])),
        ([plain([16, 8, 8], [32]), plain([16, 16], [32, 16])], plain([16, 8], [16])),
        # Only what is inserted limits the last layer, not what every member has.
        ([plain([16, 4, 16]), plain([8, 8, 8])], plain([8, 4, 8])),
        # Kernels: the smallest at each position; those of inserted layers do not matter.
        ([plain([(8, 5), (8, 1)]), plain([(8, 3), (8, 5)])], plain([(8, 3), (8, 1)])),
        ([plain([(8, 5), (8, 1)]), plain([(8, 5)])], plain([(8, 5)])),
        # Hidden layers follow the same rule.
        ([plain([8], hidden=(20, 10)), plain([8], hidden=(15,))], plain([8], hidden=(10,))),
        # Where a member has none, the last block is what hidden layers must carry.
        ([plain([8], [16, 16], hidden=(12, 10)), plain([8], [16, 16])], plain([8], [16, 10])),
        ([plain([8], [16], hidden=(64,)), plain([8], [16])], plain([8], [16])),
        (
            [plain([9], hidden=(5, 7), pool="flatten"), plain([8], hidden=(6,), pool="flatten")],
            plain([8], hidden=(5,), pool="flatten"),
        ),
    ],
    ids=str,
)
def test_mothernets_by_hand(members, expected):
    assert construct(members) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        # Residual: the stream, the units' inner widths and kernels; a unit more limits nothing.
        (
            [network(units(8, 6, (9, 5)), stem=5), network(units(9, (7, 1), 3, 2), stem=7)],
            network(units(8, (6, 1), 3), stem=5),
        ),
        ([network(units(8, 8, 1)), network(units(9, 9))], network(units(8, 8))),
        (
            [
                network(units(4, 8, **IDENTITY), units(6, 2, stride=2, shortcut="padding")),
                network(units(5, 7, **IDENTITY), units(9, 3, stride=2, shortcut="padding"), stem=5),
            ],
            network(units(4, 7, **IDENTITY), units(6, 2, stride=2, shortcut="padding")),
        ),
        (
            [
                network(units(8, 2, (3, 5), unit="bottleneck", **PRE)),
                network(units(6, 4, 3, 3, unit="bottleneck", **PRE)),
            ],
            network(units(6, 2, 3, unit="bottleneck", **PRE)),
        ),
        # An identity is as wide as what flows in, be it carried or dense.
        (
            [
                network(Plain(listed(4, 8)), units(8, 4, **IDENTITY)),
                network(Plain(listed(8)), units(8, 4, **IDENTITY)),
            ],
            network(Plain(listed(4)), units(4, 4, **IDENTITY)),
        ),
        (
            [
                network(dense(4), units(8, 4, **IDENTITY), units(8, 2, **IDENTITY)),
                network(dense(2, 2), units(8, 4, **IDENTITY), units(8, 3, **IDENTITY)),
            ],
            network(dense(2), units(6, 4, **IDENTITY), units(6, 2, **IDENTITY)),
        ),
        # Dense: the growth of each layer, and the transition.
        (
            [
                network(dense(4, (6, 5), transition=9, bottleneck=4), dense(3, 1), stem=5),
                network(dense(5, 2, 2, transition=7, bottleneck=4), dense(2), stem=6),
            ],
            network(dense(4, 2, transition=7, bottleneck=4), dense(2), stem=5),
        ),
        # Hybrids: each block by its own rule.
        (
            [
                network(Plain(listed(8, 4)), units(9, 2, 3), dense(5, 1)),
                network(Plain(listed(6)), units(7, 3), dense(4, 9, 9)),
            ],
            network(Plain(listed(4)), units(7, 2), dense(4, 1)),
        ),
        # Fully connected: a hidden layer is inserted as the identity.
        ([mlp(20, 10, 30), mlp(15, 12)], mlp(15, 10)),
        ([mlp(20, 10, 8), mlp(15, 12)], mlp(15, 8)),
        ([mlp(20, 10), mlp(15)], mlp(10)),
        # Stems.
        (
            [
                network(Plain(listed(8)), stem=Stem(2, 8, 5, stride=2)),
                network(Plain(listed(8)), stem=Stem(2, 9, 3, stride=2)),
            ],
            network(Plain(listed(8)), stem=Stem(2, 8, 3, stride=2)),
        ),
    ],
    ids=str,
)
def test_mothernets_of_other_kinds_by_hand(members, expected):
    assert construct(members) == construct(members[::-1]) == expected


def test_the_mothernet_of_v5_small():
    members = load_architectures("v5-small")
    assert construct(members) == plain([8, 8], [16, 16], [32, 32], stem=2)
    assert construct([members[2], members[4]]) == plain([8, 8], [16] * 3, [32] * 3, stem=2)
    assert construct(members, name="m").name == "m"


# Laws


@given(networks())
def test_the_mothernet_of_one_network_is_itself(network):
    assert construct([network]) == construct([network, network]) == network


@given(ensembles(), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(members, random):
    mothernet = construct(members)
    shuffled = random.sample(members, len(members))
    assert construct(shuffled) == construct([*members, members[0]]) == mothernet
    assert construct([mothernet, *members]) == mothernet


@given(ensembles(min_size=3), st.data())
def test_groups_can_be_merged_by_their_mothernets(members, data):
    cut = data.draw(st.integers(1, len(members) - 1))
    assert construct([construct(members[:cut]), construct(members[cut:])]) == construct(members)


@given(ensembles())
@settings(deadline=None)
def test_every_member_of_every_ensemble_is_really_hatched(members):
    mothernet = construct(members)
    module = build(mothernet, **SHAPE).double()
    images = torch.randn(2, 1, IMAGE_SIZE, IMAGE_SIZE, dtype=torch.float64)
    for member in members:
        assert fits(mothernet, member)
        assert hatching_difference(module, hatch(module, mothernet, member), images) < 1e-9


@given(ensembles(max_size=4))
@settings(deadline=None, max_examples=50)
def test_nothing_larger_could_be_hatched_into_every_member(members):
    for larger in enlarged(construct(members)):
        assert not all(fits(larger, member) for member in members)
        module = build(larger, **SHAPE)
        with pytest.raises(UserError, match="cannot be hatched from"):
            for member in members:
                hatch(module, larger, member)


@given(ensembles(max_size=2))
@settings(deadline=None)
def test_hatch_takes_exactly_the_pairs_that_fit(members):
    one, other = members
    module = build(one, **SHAPE)
    if fits(one, other):
        hatch(module, one, other)
    else:
        with pytest.raises(UserError, match="cannot be hatched from") as caught:
            hatch(module, one, other)
        assert "\n" not in str(caught.value)


# Incompatible networks

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
    return replace(network, blocks=_put(network.blocks, index, block))


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
