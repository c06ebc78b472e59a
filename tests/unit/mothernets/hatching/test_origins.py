"""What breaks the symmetry of replicas, and where each parameter of a member comes from."""

import pytest
import torch
from support.real_images import SHAPE, STEPS, answers, relative, seeded, trained
from support.strategies import plain
from torch import nn
from torch.nn.functional import cross_entropy

from mnbench.architectures import Architecture, build
from mnbench.errors import UserError
from mnbench.mothernets import construct, hatch
from mnbench.mothernets.hatching import (
    carried_momentum,
    hatch_with_origins,
    renew,
    renew_at_random,
)
from mnbench.mothernets.hatching.flow import NEW, Flow, expanded

from .test_kinds import LEARNERS

# Unequal shares


@pytest.mark.parametrize("family", LEARNERS)
def test_unequal_shares_preserve_the_function_and_part_the_replicas(family, batches):
    pair = LEARNERS[family]
    common = construct(pair)
    mothernet = trained(common, batches)
    images, _ = batches[STEPS]
    expected = answers(mothernet, images)
    equal = hatch(mothernet, common, pair[1], generator=seeded(0))
    unequal = hatch(mothernet, common, pair[1], generator=seeded(0), split=seeded(1))
    assert relative(answers(unequal, images) - expected, expected) < 1e-9
    differ = [
        name
        for (name, own), other in zip(unequal.named_parameters(), equal.parameters(), strict=True)
        if not torch.equal(own, other)
    ]
    assert differ
    again = hatch(mothernet, common, pair[1], generator=seeded(0), split=seeded(1))
    for own, other in zip(unequal.parameters(), again.parameters(), strict=True):
        assert torch.equal(own, other)


def test_shares_are_drawn_for_each_output_and_add_up():
    inputs = Flow(torch.tensor([0, 1, NEW, 0, 0]), 2)
    outputs = Flow(torch.tensor([0, 1, 0, NEW]), 2)
    weight = torch.tensor([[3.0, 5.0], [7.0, 11.0]])
    shared = expanded(weight, inputs, outputs, seeded(0))
    assert shared.shape == (4, 5)
    for row, source in ((0, 0), (1, 1), (2, 0)):
        assert shared[row, [0, 3, 4]].sum() == pytest.approx(float(weight[source, 0]))
        assert shared[row, 1] == weight[source, 1]  # one replica has it all
        assert (shared[row, [0, 3, 4]] > 0).all()
    assert not shared[:, 2].any() and not shared[3].any()
    assert not torch.equal(shared[0], shared[2])  # replicas are told different things


# Origins


# A padding shortcut reads one replica of a channel alone, not all of them by equal shares.
SHARED_EQUALLY = [family for family in LEARNERS if family != "resnet"]


@pytest.mark.parametrize("family", SHARED_EQUALLY)
def test_inherited_gradients_are_those_of_the_mothernet_carried_over(family, batches):
    """Exactly so in eval mode, where a member computes the function of its MotherNet."""
    pair = LEARNERS[family]
    common = construct(pair)
    mothernet = trained(common, batches).eval()
    member, origins = hatch_with_origins(mothernet, common, pair[1], generator=seeded(0))
    images, labels = batches[STEPS]
    for network in (mothernet, member):
        network.zero_grad()
        cross_entropy(network(images), labels).backward()
    gradients = {name: own.grad for name, own in mothernet.named_parameters()}
    carried = carried_momentum(member, mothernet, origins, gradients)
    assert set(carried) == set(origins)
    for name, parameter in member.named_parameters():
        if name not in origins:
            continue
        assert carried[name].shape == parameter.shape
        there = carried[name] != 0  # new channels and borders of filters had none
        expected = carried[name][there]
        scale = expected.abs().max() if there.any() else 1
        assert ((parameter.grad[there] - expected).abs() < 1e-9 * scale).all(), name


def test_what_has_no_origin_was_inserted():
    small, large = plain([4], [5]), plain([6, 7], [5])
    mothernet = build(small, **SHAPE)
    member, origins = hatch_with_origins(mothernet, small, large)
    inserted = {name for name, _ in member.named_parameters()} - set(origins)
    assert inserted == {
        f"blocks.0.layers.1.{part}" for part in ("conv.weight", "norm.weight", "norm.bias")
    }
    assert {origin.parameter for origin in origins.values()} == set(mothernet.parameters())


def test_a_copy_of_a_library_network_has_its_gradients():
    one = Architecture(library="timm:test_resnet", name="one")
    network = build(one, **SHAPE)
    member, origins = hatch_with_origins(network, one, one)
    momentum = {name: torch.ones_like(own) for name, own in network.named_parameters()}
    carried = carried_momentum(member, network, origins, momentum)
    assert set(carried) == {name for name, _ in member.named_parameters()}
    assert all(bool((value == 1).all()) for value in carried.values())


# Drawn anew


@pytest.mark.parametrize(
    ("part", "begins"), [("head", ("head.",)), ("last_block", ("head.", "blocks.1."))]
)
def test_the_end_of_a_network_is_drawn_anew(part, begins, batches):
    network, fresh = trained(plain([4], [5]), batches), build(plain([4], [5]), **SHAPE).double()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    renew(network, fresh, part)
    for name, value in network.state_dict().items():
        renewed = name.startswith(begins)
        assert torch.equal(value, (fresh.state_dict() if renewed else before)[name]), name


def test_a_library_network_has_no_end_to_draw_anew():
    with pytest.raises(UserError, match="a network of a library has no head or last block"):
        renew(nn.Linear(2, 2), nn.Linear(2, 2), "head")


def test_a_fraction_of_the_weights_is_drawn_anew_and_no_vector():
    network, fresh = (build(plain([16], [16]), **SHAPE) for _ in range(2))
    before = {name: value.clone() for name, value in network.named_parameters()}
    renew_at_random(network, fresh, 0.3, seeded(0))
    changed = total = 0
    for (name, own), new in zip(network.named_parameters(), fresh.parameters(), strict=True):
        is_new = own != before[name]
        assert torch.equal(own[is_new], new[is_new])
        if own.ndim > 1:
            changed, total = changed + int(is_new.sum()), total + own.numel()
        else:
            assert not is_new.any()
    assert changed / total == pytest.approx(0.3, abs=0.03)
