"""Descent: who is hatched from whom."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.strategies import ensembles, plain

from mnbench.architectures import load_architectures, parameter_count
from mnbench.errors import UserError
from mnbench.mothernets import construct
from mnbench.mothernets.descent import MOTHERNET, parents, reaches

SHAPE = {"in_channels": 1, "num_classes": 10, "image_size": 28}


def size(network):
    return parameter_count(network, **SHAPE)


def test_in_a_star_everybody_is_the_mothernets_child():
    assert parents(load_architectures("v5-small"), "star", size) == [MOTHERNET] * 5


def test_in_a_tree_everybody_is_the_nearest_relatives_child():
    members = load_architectures("v5-small")
    edges = parents(members, "tree", size)
    named = {
        member.name: "MotherNet" if parent == MOTHERNET else members[parent].name
        for member, parent in zip(members, edges, strict=True)
    }
    assert named == {
        "v13": "MotherNet",
        "v16": "v13",
        "v16a": "v16",
        "v16b": "v16",
        "v19": "v16",
    }


def test_networks_that_each_reach_the_next_are_a_chain_and_equal_ones_a_path():
    growing = [plain([width, width], [8]) for width in (6, 4, 9)]
    assert parents(growing, "tree", size) == [1, MOTHERNET, 0]
    assert parents([plain([4], [4])] * 3, "tree", size) == [MOTHERNET, 0, 1]


def cost(members, edges):
    """The work of further training that a tree predicts; None of what cannot be."""
    seen = set()
    for _ in members:
        seen |= {i for i, parent in enumerate(edges) if parent == MOTHERNET or parent in seen}
    if len(seen) < len(members):
        return None  # a cycle
    common, total = construct(members), 0
    for member, parent in zip(members, edges, strict=True):
        origin = common if parent == MOTHERNET else members[parent]
        if not reaches(origin, member):
            return None
        total += size(member) - size(origin)
    return total


@given(members=ensembles(min_size=2, max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_tree_is_the_minimum_arborescence_over_reachable_pairs(members):
    edges = parents(members, "tree", size)
    possible = product(range(-1, len(members)), repeat=len(members))
    costs = [cost(members, candidate) for candidate in possible]
    assert cost(members, edges) == min(one for one in costs if one is not None)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_reaching_is_an_order(data):
    members = data.draw(ensembles(min_size=3, max_size=3))
    first, second, third = members
    if reaches(first, second) and reaches(second, third):
        assert reaches(first, third)
    if reaches(first, second) and reaches(second, first):
        assert first == second


@pytest.mark.parametrize("name", ["v5-small", "r5-small", "mixed10"])
def test_who_cannot_be_reached_is_no_parent(name):
    members = load_architectures(name)
    for child, other in product(members, members):
        try:
            expected = construct([other, child]) == other
        except UserError:
            expected = False
        assert reaches(other, child) is expected
