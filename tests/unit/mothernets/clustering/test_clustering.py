"""Clusters: exactly g groups, of networks that share as much as they can."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.partitions import families, optima, shared
from support.strategies import ensembles, networks, plain

from mnbench.architectures import Architecture, Head, Layer, Plain, load_architectures
from mnbench.architectures.families import vgg
from mnbench.errors import UserError
from mnbench.mothernets import cluster, incompatibility

# What every clustering is


@given(ensembles(min_size=1, max_size=7), st.data())
@settings(deadline=None)
def test_exactly_g_groups_that_hold_every_network_once(members, data):
    g = data.draw(st.integers(1, len(members)), label="g")
    groups = cluster(members, g)
    assert len(groups) == g and all(groups)
    assert sorted(index for group in groups for index in group) == list(range(len(members)))
    assert all(group == tuple(sorted(group)) for group in groups)
    assert list(groups) == sorted(groups)
    assert groups == cluster(members, g) == cluster(list(members), g)


@pytest.mark.parametrize("count", [5, 30])  # the exact way, and the search
def test_one_group_and_as_many_as_networks(count):
    members = families(random.Random(0), count)
    assert cluster(members, 1) == (tuple(range(count)),)
    assert cluster(members, count) == tuple((index,) for index in range(count))


@pytest.mark.parametrize("g", [2, 5, 12, 29])
def test_a_large_ensemble_is_partitioned_too(g):
    members = families(random.Random(1), 30)
    groups = cluster(members, g)
    assert len(groups) == g and groups == cluster(members, g)
    assert sorted(index for group in groups for index in group) == list(range(30))
    assert list(groups) == sorted(tuple(sorted(group)) for group in groups)


@pytest.mark.parametrize("count", [3, 15])
def test_similar_networks_are_put_together(count):
    """Two kinds of networks, in turns."""
    wide, narrow = plain([8, 64], [64]), plain([64, 8], [8])
    members = [(wide, narrow)[i % 2] for i in range(count)]
    assert cluster(members, 2) == (tuple(range(0, count, 2)), tuple(range(1, count, 2)))


def test_networks_are_put_together_by_parameters_or_by_training_flops():
    """A wide hidden layer has most parameters, the convolutions have most FLOPs."""
    members = [
        Architecture((Plain((Layer(filters),) * 2),), head=Head("flatten", (hidden,)))
        for filters, hidden in [(16, 512), (4, 512), (16, 16)]
    ]
    assert cluster(members, 2) == cluster(members, 2, by="parameters") == ((0, 1), (2,))
    assert cluster(members, 2, by="training_flops") == ((0, 2), (1,))
    with pytest.raises(UserError, match=r"would take .* of its training FLOPs .* tau is 0.9"):
        cluster(members, 1, tau=0.9, by="training_flops")


def test_clusters_of_v5_small_share_the_most():
    members = load_architectures("v5-small")
    for g, most in enumerate(optima(members), 1):
        assert shared(members, cluster(members, g)) == most


# What cannot be


@pytest.mark.parametrize("g", [0, -1, 4])
def test_g_must_be_between_one_and_the_ensembles_size(g):
    with pytest.raises(
        UserError, match=f"^g = {g} clusters of 3 networks cannot be; g runs from 1 to 3"
    ):
        cluster([plain([8])] * 3, g)


@pytest.mark.parametrize("copies", [1, 5])  # the exact way, and the search
def test_too_few_clusters_for_incompatible_networks_are_refused(copies):
    members = [
        plain([8], name="flat"),
        plain([9], name="flat too"),
        plain([8], [8], name="deep"),
        plain([8], stem=2, name="stem"),
    ] * copies
    for g in (1, 2):
        with pytest.raises(UserError) as caught:
            cluster(members, g)
        assert str(caught.value) == (
            f"g = {g} clusters are too few: flat and deep cannot share one, since they have 1 and "
            "2 blocks; use g from 3"
        )
    assert len(cluster(members, 3)) == 3


@given(st.lists(networks(), min_size=1, max_size=12))
@settings(deadline=None)
def test_incompatible_networks_never_share(members):
    for g in range(1, len(members) + 1):
        try:
            groups = cluster(members, g)
        except UserError as error:
            assert f"g = {g} clusters are too few" in str(error) and "\n" not in str(error)
            needed = int(str(error).rsplit(" ", 1)[1])
            assert g < needed <= len(members) and len(cluster(members, needed)) == needed
        else:
            assert len(groups) == g
            for group in groups:
                assert all(incompatibility(members[group[0]], members[i]) is None for i in group)


def test_a_librarys_networks_share_as_much_as_they_have():
    """Two of 23.5 M parameters share more than two of about 20 M."""
    deep = Architecture(library="timm:resnet50", name="a")
    members = [vgg(19), vgg(19, width=66), deep, replace(deep, name="b")]
    assert cluster(members, 3) == ((0,), (1,), (2, 3))
