"""One transformation at a time, and noise: what each does to the weights."""

import pytest
import torch
from support.real_images import SHAPE, STEPS, bits, relative, same_bits, seeded, train, trained
from support.strategies import network, plain, units

from mnbench.architectures import build
from mnbench.mothernets import hatch
from mnbench.mothernets.hatching import perturb
from mnbench.mothernets.hatching.flow import Flow
from mnbench.mothernets.hatching.growth import Growth

# One transformation at a time

SMALL = plain([4, 6], [5], name="small")


@pytest.fixture
def small(batches):
    return trained(SMALL, batches)


def channel_of(kernel, candidates):
    """For each filter, the index of the candidate that equals it."""
    flat, known = kernel.flatten(1), candidates.flatten(1)
    return [(known == row).all(1).nonzero().item() for row in flat]


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("wider", [5, 8, 11, 13])
def test_widening_repeats_channels_evenly(small, wider, seed):
    member = plain([wider, wider + 2], [5])
    hatched = hatch(small, SMALL, member, generator=None if seed is None else seeded(seed))
    units, ours = hatched.blocks[0].layers, small.blocks[0].layers
    sources = channel_of(units[0].conv.weight, ours[0].conv.weight)
    counts = torch.bincount(torch.tensor(sources), minlength=4)
    assert len(sources) == wider and counts.max() - counts.min() <= 1
    # A consumer's weights for the repeats of a channel sum to the MotherNet's for that channel.
    kernel = units[1].conv.weight[:6]
    summed = torch.zeros_like(ours[1].conv.weight).index_add(1, torch.tensor(sources), kernel)
    torch.testing.assert_close(summed, ours[1].conv.weight)


def test_the_generator_chooses_which_channels_are_repeated(small):
    member = plain([6, 8], [7])
    by_turns, one, again, other = (
        bits(hatch(small, SMALL, member, generator=generator))
        for generator in (None, seeded(1), seeded(1), seeded(2))
    )
    assert same_bits(one, again)
    assert not same_bits(one, other) and not same_bits(one, by_turns)
    assert channel_of(
        by_turns["blocks.0.layers.0.conv.weight"], small.blocks[0].layers[0].conv.weight
    ) == [0, 1, 2, 3, 0, 1]


def test_larger_filters_are_framed_by_zeros(small):
    hatched = hatch(small, SMALL, plain([4, (6, 7)], [5]))
    kernel = hatched.blocks[0].layers[1].conv.weight
    framed = torch.nn.functional.pad(small.blocks[0].layers[1].conv.weight, [2] * 4)
    assert torch.equal(kernel, framed)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_an_inserted_layer_is_the_identity_at_the_centre(small, kernel):
    hatched = hatch(small, SMALL, plain([4, 6], [5, (5, kernel)]))
    weight = hatched.blocks[1].layers[1].conv.weight
    assert torch.equal(weight[:, :, kernel // 2, kernel // 2], torch.eye(5, dtype=weight.dtype))
    assert weight.sum() == 5


def test_batch_norm_is_repeated_with_its_channel(small):
    hatched = hatch(small, SMALL, plain([9, 6], [5]), generator=seeded(0))
    norm, ours = (n.blocks[0].layers[0].norm for n in (hatched, small))
    sources = channel_of(
        hatched.blocks[0].layers[0].conv.weight, small.blocks[0].layers[0].conv.weight
    )
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert torch.equal(getattr(norm, name), getattr(ours, name)[sources])
    assert norm.num_batches_tracked == ours.num_batches_tracked == STEPS


# Noise


@pytest.mark.parametrize("noise", [0.05, 0.5])
def test_noise_is_a_fraction_of_each_weights_own_deviation(noise):
    torch.manual_seed(0)
    network = build(plain([64, 64], [96], hidden=(80,)), **SHAPE)
    before = bits(network)
    perturb(network, noise, seeded(3))
    for name, value in network.named_parameters():
        change = value.detach() - before[name]
        if value.ndim == 1:
            assert not change.any()
        else:
            tolerance = 4 / value.numel() ** 0.5  # of a deviation's estimate, and generous
            assert float(change.std() / before[name].std()) == pytest.approx(noise, rel=tolerance)
    buffers = dict(network.named_buffers())
    assert buffers and all(torch.equal(before[name], buffers[name]) for name in buffers)


def test_noise_is_that_of_the_generator(small):
    member = plain([6, 8], [7])
    one, again, other, none = (
        bits(hatch(small, SMALL, member, noise=noise, generator=seeded(seed)))
        for noise, seed in ((0.1, 1), (0.1, 1), (0.1, 2), (0, 1))
    )
    assert same_bits(one, again) and not same_bits(one, other) and not same_bits(one, none)
    hatched = hatch(small, SMALL, member, generator=(generator := seeded(1)))
    perturb(hatched, 0.1, generator)
    assert same_bits(bits(hatched), one)


def test_noise_leaves_a_single_number_as_it_is():
    """One 1x1 filter of one channel has no deviation, and must not become nan."""
    network = build(plain([(1, 1)]), **SHAPE)
    before = network.blocks[0].layers[0].conv.weight.clone()
    perturb(network, 0.5, seeded(0))
    assert torch.equal(network.blocks[0].layers[0].conv.weight, before)


def test_only_noise_parts_the_repeats_of_a_channel(small, batches):
    """Repeats that nothing tells apart get the same gradients for ever."""
    for noise, apart in ((0, False), (0.1, True)):
        hatched = hatch(small, SMALL, plain([7, 6], [5]))
        kernel = hatched.blocks[0].layers[0].conv.weight
        sources = channel_of(kernel, small.blocks[0].layers[0].conv.weight)
        one, other = (i for i, source in enumerate(sources) if source == 0)
        perturb(hatched, noise, seeded(0))
        before = (kernel[one] - kernel[other]).detach().clone()
        train(hatched, batches, 3)
        for values in (kernel.grad, kernel.detach()):
            assert (relative(values[one] - values[other], values) > 1e-9) == apart
        moved = (kernel[one] - kernel[other]).detach() - before
        assert (float(moved.norm()) > 1e-6) == apart


def test_only_a_network_that_was_built_is_grown():
    with pytest.raises(TypeError, match="what `build` returns, got Linear"):
        hatch(torch.nn.Linear(2, 2), SMALL, SMALL)


def test_blocks_of_different_kinds_do_not_grow_from_each_other():
    plain_block, unit_block = (
        build(network(block), **SHAPE).blocks[0] for block in (plain([4]).blocks[0], units(4, 4))
    )
    flow = Flow.same(4, torch.device("cpu"))
    with pytest.raises(TypeError, match="a ResidualBlock cannot grow from a PlainBlock"):
        Growth(None, {}).block(plain_block, unit_block, flow)
