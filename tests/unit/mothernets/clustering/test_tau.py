"""tau: the fraction of its parameters that every member takes from its MotherNet."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.partitions import families, partitions, problem
from support.strategies import ensembles, networks, plain

from mnbench.architectures import Architecture, load_architectures, parameter_count
from mnbench.architectures.families import mlp
from mnbench.errors import UserError
from mnbench.mothernets import cluster, construct, incompatibility, minimum_g
from mnbench.mothernets.clustering.merging import merged
from mnbench.mothernets.clustering.search import every_number, fewest


def fewest_by_trying(members, tau):
    """The smallest number of groups that families and tau allow, by trying every partition."""

    @cache
    def allowed(group):
        networks = [members[i] for i in group]
        if any(incompatibility(networks[0], other) for other in networks):
            return False
        return parameter_count(construct(networks)) >= tau * max(map(parameter_count, networks))

    return min(
        len(groups) for groups in partitions(len(members)) if all(map(allowed, map(tuple, groups)))
    )


@given(st.lists(networks(), min_size=1, max_size=2), ensembles(max_size=4), st.floats(0, 1))
@settings(deadline=None, max_examples=40)
def test_every_member_takes_its_fraction_from_its_mothernet(others, members, tau):
    members = [*others, *members]
    least = minimum_g(members, tau=tau)
    assert least == fewest_by_trying(members, tau)
    for g in range(least, len(members) + 1):
        groups = cluster(members, g, tau=tau)
        assert len(groups) == g
        for group in groups:
            networks = [members[i] for i in group]
            mothernet = parameter_count(construct(networks))
            assert all(mothernet >= tau * parameter_count(network) for network in networks)
    with pytest.raises(UserError, match="clusters"):
        cluster(members, least - 1, tau=tau)


@pytest.mark.parametrize("count", [40, 101])  # every number searched together, or each alone
@pytest.mark.parametrize("tau", [0.5, 0.9])
def test_a_large_ensemble_keeps_to_tau_too(count, tau):
    members = families(random.Random(7), count)
    least = minimum_g(members, tau=tau)
    assert 1 < least < count
    for g in (least, least + 1, count - 5, count):
        groups = cluster(members, g, tau=tau)
        assert len(groups) == g
        assert sorted(index for group in groups for index in group) == list(range(count))
        for group in groups:
            mothernet = parameter_count(construct([members[i] for i in group]))
            assert all(mothernet >= tau * parameter_count(members[i]) for i in group)
    with pytest.raises(UserError, match=f"use g from {least}$"):
        cluster(members, least - 1, tau=tau)


def test_the_search_for_the_fewest_clusters_comes_near_the_least():
    rng = random.Random(8)
    more = []
    for _ in range(30):
        members, tau = families(rng, 9), rng.uniform(0.3, 0.9)
        least = minimum_g(members, tau=tau)
        more += [
            len(fewest(problem(members, tau)).groups) - least,
            min(every_number(problem(members, tau))) - least,
        ]
    assert min(more) == 0 and max(more) <= 1 and more.count(0) >= 0.9 * len(more)


def test_where_no_clusters_can_be_merged_one_may_still_be_spread_over_the_others():
    rng = random.Random(8)
    fewer = 0
    for _ in range(20):
        members = families(rng, 40)
        ensemble = problem(members, tau=rng.uniform(0.3, 0.9))
        stuck, found = merged(ensemble, range(40), 1), fewest(ensemble)
        assert len(found.groups) <= len(stuck)
        fewer += len(found.groups) < len(stuck)
    assert fewer


def test_without_tau_the_fewest_clusters_are_one_a_family():
    assert minimum_g(load_architectures("v5-small")) == 1
    assert minimum_g(load_architectures("mixed10")) == 3
    assert cluster(load_architectures("mixed10"), 3) == ((0, 3, 6, 9), (1, 4, 7), (2, 5, 8))
    assert minimum_g([plain([8]), plain([8], [8])] * 60) == 2


def test_equal_networks_share_everything_at_any_tau():
    members = [plain([8]), plain([9])] * 3
    assert minimum_g(members, tau=1) == 2
    assert cluster(members, 2, tau=1.0) == ((0, 2, 4), (1, 3, 5))


def test_networks_of_a_library_share_with_equal_ones_only():
    members = [Architecture(library=f"timm:resnet{depth}") for depth in (18, 34, 18)]
    members.append(plain([8]))
    assert minimum_g(members) == 3
    assert cluster(members, 3) == ((0, 2), (1,), (3,))


def test_too_few_clusters_for_tau_are_refused():
    members = [plain([8], name="small"), plain([9], name="middle"), plain([64], name="large")]
    with pytest.raises(UserError) as caught:
        cluster(members, 1, tau=0.5)
    share = parameter_count(members[0]) / parameter_count(members[2])
    assert str(caught.value) == (
        f"g = 1 clusters are too few: large would take {share:.1%} of its parameters from its "
        "MotherNet, and tau is 0.5; use g from 2"
    )
    assert cluster(members, 2, tau=0.5) == ((0, 1), (2,))


@pytest.mark.parametrize("tau", [-0.1, 1.5, float("nan")])
def test_tau_is_a_fraction(tau):
    members = [plain([8])]
    for call in (lambda: cluster(members, 1, tau=tau), lambda: minimum_g(members, tau=tau)):
        with pytest.raises(UserError, match=r"^tau = .* cannot be; it is a fraction, from 0 to 1$"):
            call()


def test_tau_is_a_share_of_what_the_data_set_makes_of_a_network():
    """A fully connected network's first layer, and its classifier, depend on the images."""
    members = [mlp([100, 10]), mlp([100, 1000])]
    shape = {"in_channels": 1, "num_classes": 10, "image_size": 28}
    common = parameter_count(construct(members), **shape)
    share = common / parameter_count(members[1], **shape)
    assert share < 0.5 < common / parameter_count(members[0], **shape)
    assert minimum_g(members, tau=0.5) == 1  # of 3,072 numbers the first layer takes most
    assert minimum_g(members, tau=0.5, **shape) == 2
    with pytest.raises(UserError, match=f"would take {share:.1%} of its parameters"):
        cluster(members, 1, tau=0.5, **shape)
