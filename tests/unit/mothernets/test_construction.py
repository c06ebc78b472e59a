"""The MotherNet's structure: the largest from which every member can really be hatched."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fitting import enlarged, fits
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

from mnbench.architectures import Plain, Stem, build, load_architectures
from mnbench.errors import UserError
from mnbench.mothernets import construct, hatch
from mnbench.mothernets.hatching import hatching_difference

SHAPE = {"in_channels": 1, "num_classes": 4, "image_size": IMAGE_SIZE}


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


@pytest.mark.slow
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
