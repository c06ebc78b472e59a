"""Clusters: exactly g groups, of networks that share as much as they can."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import ensembles, networks, plain

from mnbench.architectures import Architecture, Plain, Layer, load_ensemble, parameter_count
from mnbench.errors import UserError
from mnbench.mothernets import cluster, construct, incompatibility
from mnbench.mothernets.partition import Partition, improve, merge
from mnbench.mothernets.vectors import Vectors


def shared(members, groups):
    """The objective, from the library's construct and parameter_count alone."""
    return sum(
        (len(group) - 1) * parameter_count(construct([members[i] for i in group]))
        for group in groups
    )


def partitions(count):
    """Every partition of ``range(count)``."""
    if count == 0:
        yield []
        return
    for groups in partitions(count - 1):
        for i, group in enumerate(groups):
            yield [*groups[:i], [*group, count - 1], *groups[i + 1 :]]
        yield [*groups, [count - 1]]


def optima(members):
    """The most that members can share in 1, 2, ... groups, by trying every partition."""
    known = {}
    most = [0] * (len(members) + 1)
    for groups in partitions(len(members)):
        total = 0
        for group in map(tuple, groups):
            if group not in known:
                known[group] = shared(members, [group])
            total += known[group]
        most[len(groups)] = max(most[len(groups)], total)
    return most[1:]


def searched(members, g):
    """What the search for large ensembles finds."""
    alone = Partition(Vectors.of(members), [0] * len(members), [[i] for i in range(len(members))])
    return improve(merge(alone, g))


def network(rng):
    """A random network."""
    return Architecture(
        tuple(
            Plain(
                tuple(
                    Layer(rng.randint(1, 12), rng.choice([1, 3, 5]))
                    for _ in range(rng.randint(1, 4))
                )
            )
            for _ in range(3)
        )
    )


def variant(rng, base):
    """A network like *base*, with up to four layers wider, larger or new, as V25's and V100's."""
    blocks = [list(block.layers) for block in base.blocks]
    for _ in range(rng.randint(0, 4)):
        layers = rng.choice(blocks)
        i = rng.randrange(len(layers))
        layers[i] = replace(layers[i], filters=layers[i].filters + rng.randint(0, 8))
        if rng.random() < 0.3:
            layers[i] = replace(layers[i], kernel=5)
        if rng.random() < 0.3:
            layers.append(layers[-1])
    return Architecture(tuple(Plain(tuple(layers)) for layers in blocks))


def families(rng, count):
    """*count* variants of up to three networks."""
    bases = [network(rng) for _ in range(rng.randint(1, 3))]
    return [variant(rng, rng.choice(bases)) for _ in range(count)]


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


def test_clusters_of_v5_small_share_the_most():
    members = load_ensemble("v5-small")
    for g, most in enumerate(optima(members), 1):
        assert shared(members, cluster(members, g)) == most


# How good they are


@given(ensembles(min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_of_a_small_ensemble_no_partition_shares_more(members):
    for g, most in enumerate(optima(members), 1):
        assert shared(members, cluster(members, g)) == most


def test_the_search_for_large_ensembles_comes_near_the_optimum():
    """Against the exact way, on ensembles just small enough for it (of 600, 99 % are exact)."""
    rng = random.Random(2)
    ratios = []
    for _ in range(15):
        members = families(rng, 9)
        for g in range(1, 9):
            most = shared(members, cluster(members, g))
            ratios.append(searched(members, g).shared.sum() / most)
    assert max(ratios) == 1 and min(ratios) > 0.85
    assert sum(ratio == 1 for ratio in ratios) >= 0.95 * len(ratios)


@pytest.mark.parametrize("g", [2, 4, 8])
def test_no_single_move_or_swap_improves_what_the_search_found(g):
    rng = random.Random(3)
    members = [network(rng) for _ in range(14)]
    groups = [set(group) for group in cluster(members, g)]
    found = shared(members, groups)
    for a in groups:
        for b in groups:
            if a is b:
                continue
            rest = [group for group in groups if group is not a and group is not b]
            for i in a:
                if len(a) > 1:
                    assert shared(members, [*rest, a - {i}, b | {i}]) <= found
                for j in b:
                    swapped = [*rest, a - {i} | {j}, b - {j} | {i}]
                    assert shared(members, swapped) <= found


def test_the_search_counts_what_it_says_it_counts():
    members = families(random.Random(4), 12)
    for g in (1, 3, 6, 12):
        found = searched(members, g)
        assert found.shared.sum() == shared(members, found.members)


@given(ensembles(min_size=1))
def test_minima_of_vectors_are_mothernets(members):
    vectors = Vectors.of(members)
    assert vectors.parameters(vectors.rows).tolist() == [parameter_count(m) for m in members]
    least = vectors.rows.min(axis=0, keepdims=True)
    assert vectors.parameters(least)[0] == parameter_count(construct(members))


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
