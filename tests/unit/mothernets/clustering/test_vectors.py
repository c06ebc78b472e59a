"""Networks as vectors: their minima count as their MotherNets do."""

from dataclasses import asdict
from itertools import combinations

import pytest
from hypothesis import given, settings
from support.partitions import problem
from support.strategies import FAMILIES, ensembles

from mnbench.architectures import load_architectures, parameter_count, training_flops
from mnbench.mothernets import construct
from mnbench.mothernets.clustering.vectors import MEASURES, ImageShape, Vectors


@pytest.mark.parametrize("shape", [ImageShape(), ImageShape(1, 7, 28)])
@pytest.mark.parametrize("by", MEASURES)
@pytest.mark.parametrize("family", FAMILIES)
def test_minima_of_vectors_are_mothernets(family, by, shape):
    counts_by = dict(zip(MEASURES, (parameter_count, training_flops), strict=True))

    def count(network):
        return counts_by[by](network, **asdict(shape))

    @given(ensembles(min_size=1, family=family))
    @settings(deadline=None, max_examples=50)
    def check(members):
        vectors = Vectors.of(members, shape, by)
        counts = [count(member) for member in members]
        assert vectors.parameters.tolist() == counts
        assert vectors.count(vectors.rows, vectors.class_numbers).tolist() == counts
        least = vectors.rows.min(axis=0, keepdims=True)
        assert vectors.count(least, vectors.class_numbers[:1])[0] == count(construct(members))

    check()


@given(ensembles(max_size=6))
def test_a_group_knows_what_it_is_without_each_member(members):
    ensemble = problem(members)
    everyone = set(range(len(members)))
    whole = ensemble.group(everyone)
    assert whole.parameters == parameter_count(construct(members))
    assert whole.largest == max(map(parameter_count, members))
    for i in everyone:
        rest = ensemble.group(everyone - {i})
        assert whole.others_parameters[i] == rest.parameters
        assert whole.others_largest[i] == rest.largest
        assert (whole.others[i] == rest.mothernet).all()


def test_the_vectors_of_different_families_stand_side_by_side():
    members = load_architectures("mixed10")
    vectors = Vectors.of(members, ImageShape())
    assert vectors.class_numbers.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert vectors.parameters.tolist() == [parameter_count(member) for member in members]
    for i, j in combinations(range(10), 2):
        if vectors.class_numbers[i] == vectors.class_numbers[j]:
            assert vectors.pairs[i, j] == parameter_count(construct([members[i], members[j]]))
