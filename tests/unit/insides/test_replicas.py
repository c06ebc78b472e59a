"""How alike replicas are: known of hatched networks, and of filters that are made up."""

from math import isnan, sqrt

import pytest
import torch
from support.real_images import SHAPE, seeded
from support.strategies import plain

from mnbench.architectures import build
from mnbench.insides.replicas import replica_similarity
from mnbench.mothernets.hatching import hatch_with_origins, perturb

SMALL, WIDE, DEEP = plain([4], [5]), plain([6], [8]), plain([4, 4], [5])


def hatched(architecture):
    torch.manual_seed(0)
    return hatch_with_origins(build(SMALL, **SHAPE), SMALL, architecture, generator=seeded(0))


def test_replicas_are_equal_as_hatched_and_part_with_noise():
    member, origins = hatched(WIDE)
    before = replica_similarity(member, origins)
    assert before.pairs == 2 + 3  # channels of each layer beyond the MotherNet's
    assert before.replicas == pytest.approx(1, abs=1e-6)
    assert abs(before.others) < 0.6
    perturb(member, 0.1, seeded(1))
    little = replica_similarity(member, origins).replicas
    perturb(member, 2.0, seeded(2))
    much = replica_similarity(member, origins).replicas
    assert much < 0.7 < 0.95 < little < 1


def test_a_replica_of_three_makes_three_pairs():
    member, origins = hatched(plain([12], [5]))
    assert replica_similarity(member, origins).pairs == 4 * 3


def test_a_network_that_is_only_deeper_has_no_replicas():
    similarity = replica_similarity(*hatched(DEEP))
    assert similarity.pairs == 0
    assert isnan(similarity.replicas) and isnan(similarity.others)


def test_the_cosine_of_turned_filters_is_that_of_their_angle():
    member, origins = hatched(plain([4], [6]))  # one pair
    name = "blocks.1.layers.0.conv.weight"
    weight, source = dict(member.named_parameters())[name], origins[name].outputs.source
    (pair,) = [(i, j) for i in range(6) for j in range(i) if source[i] == source[j]]
    with torch.no_grad():
        weight.zero_()
        weight[:, 0, 0, 0] = 1
        weight[pair[0], 0, 0, 1] = 1  # 45 degrees from all others
    similarity = replica_similarity(member, origins)
    assert similarity.replicas == pytest.approx(sqrt(0.5))
    assert similarity.others == pytest.approx((10 + 4 * sqrt(0.5)) / 14)
