"""Hatching preserves the function: proved on networks that were really trained on real images."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.real_images import SHAPE, STEPS, answers, bits, relative, same_bits, seeded, trained
from support.strategies import (
    FAMILIES,
    dense,
    ensembles,
    listed,
    mlp,
    network,
    plain,
    units,
    with_layers,
)

from mnbench.architectures import Architecture, Layer, Plain, Stem, build, load_architectures
from mnbench.architectures.families import resnet
from mnbench.errors import UserError
from mnbench.mothernets import construct, hatch
from mnbench.mothernets.hatching import hatching_difference, shrink

# The proof


@dataclass(frozen=True)
class Deviation:
    """The largest relative difference of logits between a MotherNet and its members."""

    double: float  # in float64
    training: float  # in float64 and training mode, on the images of the calibration
    single: float  # in float32


def prove(members, seed, batches):
    """Hatch every member in every way, and compare the logits with the MotherNet's."""
    structure = construct(members)
    mothernet = trained(structure, batches, seed)
    unseen, _ = batches[STEPS]
    calibration, _ = batches[STEPS + 1]
    before, expected = bits(mothernet), answers(mothernet, unseen)
    single_expected = answers(mothernet.float(), unseen.float())
    mothernet.double().load_state_dict(before)
    mothernet.train()
    expected_training = mothernet(calibration).detach()
    mothernet.load_state_dict(before)

    double, training, single = [], [], []
    for member in members:
        for generator in (None, seeded(seed)):
            for images in (None, calibration):
                hatched = hatch(
                    mothernet.eval(), structure, member, generator=generator, calibration=images
                )
                assert not hatched.training
                double.append(relative(answers(hatched, unseen) - expected, expected))
            # In training mode too, on the images that it was calibrated on.
            logits = hatched.train()(calibration).detach()
            training.append(relative(logits - expected_training, expected_training))
        hatched = hatch(mothernet.float(), structure, member, generator=seeded(seed))
        assert {p.dtype for p in hatched.parameters()} == {torch.float32}
        logits = answers(hatched, unseen.float())
        single.append(relative(logits - single_expected, single_expected))
        mothernet.double().load_state_dict(before)
    assert same_bits(bits(mothernet), before)
    found = Deviation(max(double), max(training), max(single))
    assert found.double < 1e-9 and found.training < 1e-9 and found.single < 1e-4
    return found


CASES = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


def prove_many(family, cases, batches):
    """Prove random clusters of *family*, and return the deviation of each."""
    found = []

    @given(members=ensembles(family=family), seed=st.integers(0, 1000))
    @settings(max_examples=cases, **CASES)
    def prove_one(members, seed):
        found.append(prove(members, seed, batches))

    prove_one()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_trained_mothernet_computes_what_it_computes(family, batches):
    assert prove_many(family, 20, batches)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_many_trained_mothernets(family, batches, capsys):
    found = prove_many(family, 200, batches)
    assert len(found) >= 200
    largest = ", ".join(
        f"{max(getattr(one, kind) for one in found):.1e} {what}"
        for kind, what in (
            ("double", "in float64"),
            ("training", "in training mode"),
            ("single", "in float32"),
        )
    )
    with capsys.disabled():
        print(f"\n{family}: largest deviation over {len(found)} clusters: {largest}")


@pytest.mark.parametrize("name", ["v5-small", "v5-authors-small"])
def test_every_member_of_v5_small(batches, name):
    prove(load_architectures(name), 0, batches)


@pytest.mark.parametrize("depths", [(18, 34), (50, 101)])
def test_every_member_of_r25_in_small(batches, depths):
    """Its stages with few filters, doubled and two more, as the demo varies them."""
    changed = ([4, 5, 6, 7], [8, 5, 12, 7], [4, 10, 6, 14], [6, 5, 8, 7], [4, 7, 6, 9])
    short, long = depths
    members = [resnet(short, imagenet=True, filters=filters) for filters in changed]
    prove([*members, resnet(long, imagenet=True, filters=[4, 5, 6, 7])], 0, batches)


@pytest.mark.parametrize("family", FAMILIES)
def test_hatching_from_a_hatched_network_preserves_too(family, batches):
    @given(members=ensembles(min_size=3, max_size=3, family=family), seed=st.integers(0, 1000))
    @settings(max_examples=5, **CASES)
    def prove_two_steps(members, seed):
        first = construct(members)
        second = construct(members[:2])
        assert construct([first, second]) == first
        network = trained(first, batches, seed)
        images, _ = batches[STEPS]
        expected = answers(network, images)
        grown = hatch(network, first, second, generator=seeded(seed))
        for member in members[:2]:
            last = hatch(grown, second, member, generator=seeded(seed + 1))
            assert relative(answers(last, images) - expected, expected) < 1e-9

    prove_two_steps()


# Training mode

SMALL = plain([4, 6], [5], name="small")


@pytest.fixture
def small(batches):
    return trained(SMALL, batches)


def channel_of(kernel, candidates):
    """For each filter, the index of the candidate that equals it."""
    flat, known = kernel.flatten(1), candidates.flatten(1)
    return [(known == row).all(1).nonzero().item() for row in flat]


def test_estimated_moments_are_near_the_measured_ones(batches):
    """Without calibration they are taken from the batch norm before: right to about a tenth."""
    mothernet = plain([8, 8], [12])
    member = plain([8, 8, 8], [12, 12])
    network = trained(mothernet, batches)
    calibration, _ = batches[STEPS + 1]
    hatched, measured = (
        hatch(network, mothernet, member, calibration=images) for images in (None, calibration)
    )
    for block in range(2):
        norm, exact = (n.blocks[block].layers[-1].norm for n in (hatched, measured))
        deviation = exact.running_var.sqrt()
        assert ((norm.running_mean - exact.running_mean).abs() / deviation).mean() < 0.3
        ratio = norm.running_var.sqrt() / deviation
        assert 0.7 < ratio.mean() < 1.4
    # They keep the first training-mode logits near the MotherNet's, which is what they are for.
    before = bits(network)
    expected = network.train()(calibration).detach()
    network.load_state_dict(before)
    logits = hatched.train()(calibration).detach()
    assert (logits - expected).pow(2).mean().sqrt() < 0.5 * expected.std()


@pytest.mark.parametrize("keep", [1.0, 0.4])
def test_what_is_shrunk_lies_between_the_hatched_and_a_fresh_network(small, keep):
    member = plain([12, 12], [16])
    hatched, fresh = hatch(small, SMALL, member), build(member, **SHAPE).double()
    before = {name: value.clone() for name, value in hatched.state_dict().items()}
    shrink(hatched, fresh, keep)
    new = fresh.state_dict()
    for name, value in hatched.state_dict().items():
        expected = before[name]
        if value.is_floating_point() and "running" not in name:
            expected = keep * before[name] + (1 - keep) * new[name]
        torch.testing.assert_close(value, expected, msg=name)


def test_the_mode_is_that_of_the_mothernet(small):
    member = plain([4, 6, 6], [5])
    assert hatch(small.train(), SMALL, member).training
    assert not hatch(small.eval(), SMALL, member).training


# What hatching leaves alone


def test_the_mothernet_its_images_and_the_global_generator_are_left_alone(small, batches):
    images, _ = batches[STEPS]
    copied, before, state = images.clone(), bits(small), torch.get_rng_state()
    for training in (True, False):
        small.train(training)
        hatch(
            small,
            SMALL,
            plain([6, 6, 7], [8, 8], hidden=(9,)),
            noise=0.1,
            generator=seeded(0),
            calibration=images,
        )
        assert small.training == training
    assert same_bits(bits(small), before) and torch.equal(images, copied)
    assert all(p.grad is None or p.grad.isfinite().all() for p in small.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_member_shares_no_memory_with_its_mothernet(small):
    before = bits(small)
    hatched = hatch(small, SMALL, SMALL)
    assert same_bits(bits(hatched), before)
    with torch.no_grad():
        for value in hatched.state_dict().values():
            value.add_(1)
    assert same_bits(bits(small), before)


def test_hatching_difference_leaves_the_modes_alone(small, batches):
    images, _ = batches[0]
    member = hatch(small, SMALL, plain([4, 6], [7])).train()
    before = bits(member)
    assert hatching_difference(small, member, images) < 1e-12
    assert member.training and not small.training and same_bits(bits(member), before)
    with torch.no_grad():
        member.head.classifier.bias[0] += 1
    scale = answers(small, images).abs().max()
    assert hatching_difference(small, member, images) == pytest.approx(1 / float(scale))


# A wrong MotherNet


@pytest.mark.parametrize(
    ("member", "position"),
    [
        (plain([4, 5], [5]), "block 1 is 4-6, at most 4-5 can be carried"),
        (plain([4], [5]), "block 1 is 4-6, at most 4 can be carried"),
        (plain([4, 6], [(5, 1)]), "block 2 is 5, at most 5(1x) can be carried"),
        (plain([4, 6, 5], [5]), "block 1 is 4-6, at most 4-5 can be carried"),
        (plain([4, 6], [5, 8, 4]), "block 2 is 5, at most 4 can be carried"),
        (plain([4, 6], [5], hidden=(4,)), "block 2 is 5, at most 4 can be carried"),
        (plain([4, 6], [5], stem=2), "their stems differ"),
        (plain([4, 6]), "they have 2 and 1 blocks"),
        (plain([4, 6], [5], pool="flatten"), "one head pools by 'average'"),
    ],
    ids=str,
)
def test_a_wrong_mothernet_is_refused_with_the_position(small, member, position):
    member = Architecture(member.blocks, member.stem, member.head, name="member")
    with pytest.raises(UserError) as caught:
        hatch(small, SMALL, member)
    message = str(caught.value)
    assert message.startswith("member cannot be hatched from small: ")
    assert position in message and "\n" not in message


def test_a_mothernet_with_too_wide_a_head_is_refused(batches):
    mothernet = plain([4], hidden=(8,), name="mother")
    network = build(mothernet, **SHAPE)
    with pytest.raises(UserError, match=r"head \(8,\), at most \(6,\) can be carried"):
        hatch(network, mothernet, plain([4], hidden=(9, 6)))
    wider = with_layers(mothernet, 0, [Layer(5)])
    assert hatch(network, mothernet, wider).head.hidden[0].linear.in_features == 5


@pytest.mark.parametrize(
    ("mothernet", "member", "position"),
    [
        (
            network(units(4, 3), stem=Stem(filters=8, kernel=5)),
            network(units(4, 3), stem=6),
            "stem is [8(5x)], at most [6] can be carried",
        ),
        (
            network(units(5, 3, 3)),
            network(units(4, 3)),
            "block 1 is residual 5 basic:3-3, at most residual 4 basic:3 can be carried",
        ),
        (
            network(dense(3, bottleneck=2, transition=4)),
            network(dense(2, bottleneck=2, transition=5)),
            "block 1 is dense b2:3>4, at most dense b2:2>4 can be carried",
        ),
        (
            network(Plain(listed(4, 8)), units(8, 4, shortcut="identity")),
            network(Plain(listed(8)), units(8, 4, shortcut="identity")),
            "block 1 is 4-8, at most 4 can be carried",
        ),
        (mlp(4, 5), mlp(4, 4), "head (4, 5), at most (4, 4) can be carried"),
        (network(units(4, 3)), network(dense(4)), "block 1 is residual in one and dense in the"),
    ],
    ids=str,
)
def test_a_wrong_mothernet_of_other_kinds_is_refused_too(mothernet, member, position):
    with pytest.raises(UserError) as caught:
        hatch(build(mothernet, **SHAPE), mothernet, member)
    assert position in str(caught.value) and "\n" not in str(caught.value)


def test_a_library_network_is_copied():
    one = Architecture(library="timm:test_resnet", name="one")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build(one, **SHAPE)
    before = bits(module)
    copied = hatch(module, one, one)
    assert same_bits(bits(copied), before)
    noisy = hatch(module, one, one, noise=0.1, generator=seeded(0))
    assert not same_bits(bits(noisy), before) and same_bits(bits(module), before)
