"""The MotherNet's structure: the largest from which every member can really be hatched."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import IMAGE_SIZE, ensembles, networks, plain, with_layers

from mnbench.architectures import Head, Layer, build, load_ensemble
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


def fits(mothernet, member):
    """Whether *member* can be hatched, written down apart from the library's own rule."""
    same_frame = (
        mothernet.stem == member.stem
        and mothernet.head.pool == member.head.pool
        and [block.pool for block in mothernet.blocks] == [block.pool for block in member.blocks]
    )
    if not same_frame:
        return False
    for ours, theirs in zip(mothernet.blocks, member.blocks, strict=True):
        filters = [[layer.filters for layer in block.layers] for block in (ours, theirs)]
        kernels = zip(ours.layers, theirs.layers, strict=False)
        if not chain_fits(*filters) or any(a.kernel > b.kernel for a, b in kernels):
            return False
    if not mothernet.head.hidden and member.head.hidden:
        last = mothernet.blocks[-1].layers[-1].filters
        return mothernet.head.pool == "average" and last <= min(member.head.hidden)
    return chain_fits(mothernet.head.hidden, member.head.hidden)


def enlarged(network):
    """Every network that is larger than *network* in a single place."""
    for index, block in enumerate(network.blocks):
        layers = list(block.layers)
        for i, layer in enumerate(layers):
            for larger in (
                replace(layer, filters=layer.filters + 1),
                replace(layer, kernel=layer.kernel + 2),
            ):
                yield with_layers(network, index, [*layers[:i], larger, *layers[i + 1 :]])
        # A layer more is tried at its smallest, too: one that is 1x1.
        yield with_layers(network, index, [*layers, Layer(layers[-1].filters, 1)])
    hidden = network.head.hidden
    for i, width in enumerate(hidden):
        yield replace(network, head=replace(network.head, hidden=_put(hidden, i, width + 1)))
    width = hidden[-1] if hidden else network.blocks[-1].layers[-1].filters
    yield replace(network, head=replace(network.head, hidden=(*hidden, width)))


def _put(values, index, value):
    return (*values[:index], value, *values[index + 1 :])


# By hand


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


def test_the_mothernet_of_v5_small():
    members = load_ensemble("v5-small")
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


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (plain([8], [8], stem=2), "their stems differ"),
        (plain([8]), "they have 2 and 1 blocks"),
        (
            replace(plain([8], [8]), blocks=(plain([8]).blocks[0], replace(
                plain([8]).blocks[0], pool=1))),
            "block 2 pools by 2 in one and by 1 in the other",
        ),
        (plain([8], [8], pool="flatten"), "one head pools by 'average', the other by 'flatten'"),
    ],
)  # fmt: skip
def test_incompatible_networks_have_no_mothernet(other, reason):
    one, other = plain([8], [8], name="one"), replace(other, name="other")
    assert incompatibility(one, other) == reason
    assert incompatibility(other, one) is not None
    with pytest.raises(UserError, match=f"^no MotherNet of one and other: {reason}$"):
        construct([one, other])


def test_behind_a_flatten_head_hidden_layers_cannot_be_inserted_first():
    one = plain([8], pool="flatten")
    other = replace(one, head=Head("flatten", (800,)))
    assert "behind a 'flatten' head" in incompatibility(one, other)
    assert incompatibility(plain([8]), plain([8], hidden=(8,))) is None


@given(networks(), networks(), networks())
def test_compatibility_is_an_equivalence(a, b, c):
    assert incompatibility(a, a) is None
    assert (incompatibility(a, b) is None) == (incompatibility(b, a) is None)
    if incompatibility(a, b) is None and incompatibility(b, c) is None:
        assert incompatibility(a, c) is None
