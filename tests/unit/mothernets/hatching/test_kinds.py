"""Each transformation on its own, in residual and dense blocks, and that all of it learns."""

import pytest
import torch
from support.real_images import STEPS, answers, bits, relative, seeded, train, trained
from support.strategies import dense, listed, mlp, network, plain, units
from torch import nn

from mnbench.architectures import Plain, Stem
from mnbench.architectures.modules import Padding, PreactivatedUnit
from mnbench.mothernets import hatch

CLOSE = {"rtol": 0, "atol": 1e-12}
BARE = Stem(space_to_depth=4, filters=4, activated=False)
STEM = Stem(space_to_depth=4, filters=4)


def hatched(mother, member, batches, **options):
    """A trained MotherNet and a member of it, the choice of channels random."""
    module = trained(mother, batches)
    return module, hatch(module, mother, member, generator=seeded(3), **options)


def wider(stem, filters):
    """The same stem with more filters."""
    return Stem(stem.space_to_depth, filters, activated=stem.activated)


# What a test reads off the weights


def summed(weight, flow, width):
    """Weights ``(out, in, ...)`` summed over the inputs that repeat a channel, and of new ones.

    Args:
        weight: the member's.
        flow: the MotherNet's channel that each input repeats, -1 where it has none.
        width: number of the MotherNet's channels.
    """
    flow = torch.as_tensor(flow)
    total = weight.new_zeros(weight.shape[0], width, *weight.shape[2:])
    return total.index_add(1, flow[flow >= 0], weight[:, flow >= 0]), weight[:, flow < 0]


def repeated(ours, theirs, flow):
    """Read off two layers which output of the MotherNet's each of the member's repeats.

    Every output must be one, and every input the MotherNet lacks have no weight.
    """
    total, new = summed(theirs.weight, flow, ours.weight.shape[1])
    assert not new.any()
    near = (total.flatten(1)[:, None] - ours.weight.flatten(1)).abs().amax(-1) < 1e-12
    assert (near.sum(1) == 1).all()
    return near.int().argmax(1)


def assert_same_norm(ours, theirs, flow):
    """Batch norm goes with its channel."""
    flow = torch.as_tensor(flow)
    known = flow >= 0
    for name in ("weight", "bias", "running_mean", "running_var"):
        assert torch.equal(getattr(theirs, name)[known], getattr(ours, name)[flow[known]]), name
    assert theirs.num_batches_tracked == ours.num_batches_tracked == STEPS


def norms_and_convs(module):
    """Batch norms and convolutions of a body, in order."""
    return (
        [m for m in module.modules() if isinstance(m, kind)] for kind in (nn.BatchNorm2d, nn.Conv2d)
    )


def assert_same_body(ours, theirs, flow, stream):
    """A unit's body or a dense layer reads *flow*, and what it gives is *stream* (None: any).

    Returns:
        What leaves the body.
    """
    before = isinstance(ours, PreactivatedUnit) or not hasattr(ours, "shortcut")
    (our_norms, our_convs), (norms, convs) = map(norms_and_convs, (ours.body, theirs.body))
    if hasattr(ours, "activation"):
        our_norms, norms = [ours.activation.norm, *our_norms], [theirs.activation.norm, *norms]
    for our_norm, norm, our_conv, conv in zip(our_norms, norms, our_convs, convs, strict=True):
        if before:
            assert_same_norm(our_norm, norm, flow)
        flow = repeated(our_conv, conv, flow)
        if not before:
            assert_same_norm(our_norm, norm, flow)
    assert stream is None or flow.tolist() == stream.tolist()
    return flow


def assert_same_classifier(ours, theirs, flow):
    total, new = summed(theirs.head.classifier.weight, flow, ours.head.classifier.in_features)
    torch.testing.assert_close(total, ours.head.classifier.weight, **CLOSE)
    assert not new.any() and torch.equal(theirs.head.classifier.bias, ours.head.classifier.bias)


# Skip connections


@pytest.mark.parametrize("preactivated", [False, True])
@pytest.mark.parametrize("unit", ["basic", "bottleneck"])
@pytest.mark.parametrize("shortcut", ["identity", "padding", "projection"])
def test_a_stream_repeats_the_same_channels_throughout(shortcut, unit, preactivated, batches):
    stem = BARE if preactivated else STEM
    form = {"unit": unit, "shortcut": shortcut, "preactivated": preactivated}
    if shortcut == "identity":
        mother = network(units(4, 3, 2, **form), stem=stem)
        member = network(units(7, 5, (4, 5), **form), stem=wider(stem, 7))
    else:
        form["stride"] = 2
        mother = network(units(6, 3, 2, **form), stem=stem)
        member = network(units(11, 5, (4, 5), **form), stem=wider(stem, 7))
    ours, theirs = hatched(mother, member, batches)

    inflow = repeated(ours.stem.conv, theirs.stem.conv, torch.arange(16))
    assert set(inflow.tolist()) == set(range(4)) and len(inflow) == 7
    if stem.activated:
        assert_same_norm(ours.stem.norm, theirs.stem.norm, inflow)
    (first, second), (grown, grown_second) = (n.blocks[0].layers for n in (ours, theirs))
    # Of larger filters the frame is zero.
    _, convs = norms_and_convs(grown_second.body)
    for conv in convs:
        if conv.kernel_size == (5, 5):
            centre = conv.weight[:, :, 1:4, 1:4].detach()
            assert torch.equal(nn.functional.pad(centre, [1] * 4), conv.weight)
            conv.weight = nn.Parameter(centre)
    stream = assert_same_body(first, grown, inflow, inflow if shortcut == "identity" else None)
    assert_same_body(second, grown_second, stream, stream)
    if shortcut == "padding":
        zeros, more_zeros = 4, 7  # the number of channels that flow in stands for zeros
        for channel, origin in zip(stream, grown.shortcut.source, strict=True):
            expected = first.shortcut.source[channel]
            found = zeros if origin == more_zeros else inflow[origin]
            assert found == expected
    if shortcut == "projection":
        pair = first.shortcut, grown.shortcut
        our_conv, conv = pair if preactivated else (half.conv for half in pair)
        assert repeated(our_conv, conv, inflow).tolist() == stream.tolist()
        if not preactivated:
            assert_same_norm(first.shortcut.norm, grown.shortcut.norm, stream)
    if preactivated:
        assert_same_norm(ours.blocks[0].closing.norm, theirs.blocks[0].closing.norm, stream)
    assert_same_classifier(ours, theirs, stream)


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("preactivated", [False, True])
@pytest.mark.parametrize("unit", ["basic", "bottleneck"])
def test_an_inserted_unit_adds_nothing_and_is_not_empty(unit, preactivated, noise, batches):
    form = {"unit": unit, "preactivated": preactivated}
    mother = network(units(6, 3, **form), stem=STEM)
    member = network(units(8, 5, 4, (3, 5), **form), stem=STEM)
    _, theirs = hatched(mother, member, batches, noise=noise)
    first, *inserted = theirs.blocks[0].layers
    assert any(parameter.any() for parameter in first.parameters())
    stream = torch.randn(5, 8, 7, 7, dtype=torch.float64, generator=seeded(0))
    if not preactivated:  # what leaves a unit has been through a ReLU
        stream = stream.relu()
    for each in inserted:
        for training in (False, True):
            assert torch.equal(each.train(training)(stream), stream)
        norms, convs = norms_and_convs(each)
        weights = [conv.weight for conv in convs]
        if preactivated:
            assert not weights.pop().any()
        else:
            assert not norms[-1].weight.any() and not norms[-1].bias.any()
        for weight in weights:  # He et al.'s, as a network from scratch has it
            assert (weight != 0).all()
            deviation = (2 / (weight.shape[0] * weight[0, 0].numel())) ** 0.5
            assert 0.6 < float(weight.detach().std()) / deviation < 1.5


def test_the_generator_draws_inserted_weights(batches):
    """And nothing else does: two members of one seed are equal, of another differ."""
    mother = network(units(4, 3), dense(2), stem=STEM)
    member = network(units(4, 3, 3), dense(2, 2), stem=STEM)
    module = trained(mother, batches)
    one, again, other = (
        hatch(module, mother, member, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    for name in ("blocks.0.layers.1.body.0.conv.weight", "blocks.1.layers.1.body.0.conv.weight"):
        first, second, third = (n.state_dict()[name] for n in (one, again, other))
        assert torch.equal(first, second) and not torch.equal(first, third)


def test_a_padding_shortcut_of_a_hatched_network_is_rearranged_again(batches):
    form = {"shortcut": "padding", "stride": 2}
    small, middle, large = (
        network(units(width, 3, **form), units(width + 2, 3, **form), stem=wider(STEM, filters))
        for filters, width in ((3, 5), (5, 8), (8, 13))
    )
    ours, grown = hatched(small, middle, batches)
    last = hatch(grown, middle, large, generator=seeded(4))
    images, _ = batches[STEPS]
    expected = answers(ours, images)
    for each in (grown, last):
        assert relative(answers(each, images) - expected, expected) < 1e-12
        sources = [m.source for m in each.modules() if isinstance(m, Padding)]
        # They are not the order that a network from scratch has, or nothing is tested.
        assert any((source.diff() < 0).any() for source in sources)


# Concatenations


@pytest.mark.parametrize("transition", [0, 4])
@pytest.mark.parametrize("bottleneck", [0, 2])
def test_consumers_split_their_inputs_by_source(bottleneck, transition, batches):
    mother = network(
        dense(3, 2, transition=transition, bottleneck=bottleneck), dense(2, pool=1), stem=BARE
    )
    more = {"transition": transition * 2, "bottleneck": bottleneck}
    # Every layer is wider, and one is inserted: four channels that the MotherNet lacks.
    member = network(dense(5, 3, 4, **more), dense(3, pool=1), stem=wider(BARE, 6))
    ours, theirs = hatched(mother, member, batches)

    flow = repeated(ours.stem.conv, theirs.stem.conv, torch.arange(16))
    width = 4
    for block, grown in zip(ours.blocks, theirs.blocks, strict=True):
        for layer, wide in zip(block.layers, grown.layers, strict=False):
            growth = assert_same_body(layer, wide, flow, None)
            flow = torch.cat([flow, growth + width])
            width += int(growth.max()) + 1
        for inserted in grown.layers[len(block.layers) :]:
            filters = inserted.body[-1].conv.out_channels
            flow = torch.cat([flow, torch.full((filters,), -1)])
        if block.transition is not None:
            assert_same_norm(block.transition.norm, grown.transition.norm, flow)
            flow = repeated(block.transition.conv, grown.transition.conv, flow)
            width = transition
    assert (flow == -1).sum() == (0 if transition else 4)
    assert_same_norm(ours.blocks[1].closing.norm, theirs.blocks[1].closing.norm, flow)
    assert_same_classifier(ours, theirs, flow)


FOLLOWERS = {
    "classifier": (),
    "transition and classifier": (dense(2),),
    "plain": (Plain(listed(3)),),
    "projection": (units(5, 3, stride=2),),
    "identity": (units(6, 3, shortcut="identity"),),
    "padding": (units(11, 3, shortcut="padding", preactivated=True),),
    "dense": (dense(2, pool=1), dense(3, pool=1)),
}


@pytest.mark.parametrize("follower", FOLLOWERS)
def test_nothing_listens_to_an_inserted_dense_layer_yet(follower, batches):
    """Whatever it computes, the logits are bit for bit the same; and it does compute something."""
    blocks = FOLLOWERS[follower]
    transition = 3 if follower == "transition and classifier" else 0
    mother = network(dense(2, transition=transition), *blocks, stem=STEM)
    # An identity's stream has the new channels, too.
    last = (units(11, 3, shortcut="identity"),) if follower == "identity" else blocks
    member = network(dense(2, 3, 2, transition=transition), *last, stem=STEM)
    ours, theirs = hatched(mother, member, batches)
    images, _ = batches[STEPS]
    expected, found = answers(ours, images), answers(theirs, images)
    assert relative(found - expected, expected) < 1e-12
    for layer in theirs.blocks[0].layers[1:]:
        weight = layer.body[-1].conv.weight
        assert (weight != 0).all()
        with torch.no_grad():
            weight.mul_(-100)
    assert torch.equal(answers(theirs, images), found)
    with torch.no_grad():  # it is heard once somebody listens
        for weight in theirs.parameters():
            weight.add_(0.1)
    changed = answers(theirs, images)
    with torch.no_grad():
        theirs.blocks[0].layers[-1].body[-1].conv.weight.mul_(-100)
    assert not torch.equal(answers(theirs, images), changed)


# Noise


def test_noise_leaves_what_is_zero_throughout_as_it_is(batches):
    mother = network(units(4, 3), units(4, 3, preactivated=True), stem=STEM)
    member = network(units(4, 3, 3), units(4, 3, 3, preactivated=True), stem=STEM)
    module, quiet = hatched(mother, member, batches)
    _, noisy = hatched(mother, member, batches, noise=0.1)
    zeros = 0
    for (name, calm), value in zip(quiet.named_parameters(), noisy.parameters(), strict=True):
        if not calm.any():
            assert not value.any(), name
            zeros += calm.ndim > 1
        elif calm.ndim > 1:
            assert (calm != value).all(), name
    assert zeros == 1  # the last convolution of the preactivated unit
    assert all(weight.isfinite().all() for weight in module.parameters())


# No dead unit

LEARNERS = {
    "vgg": (plain([4, 6], [10]), plain([6, (8, 5), 8], [12, 12], hidden=(16, 16))),
    "vgg-flatten": (
        network(Plain(listed(4), pool=7), pool="flatten", hidden=(12,)),
        network(Plain(listed((6, 5), 6), pool=7), stem=6, pool="flatten", hidden=(18, 16)),
    ),
    "resnet": (
        network(
            units(4, 3, shortcut="identity"),
            units(6, 4, stride=2, shortcut="padding"),
            units(8, 4, stride=2),
        ),
        network(
            units(6, (5, 5), 4, 3, shortcut="identity"),
            units(9, 6, 4, stride=2, shortcut="padding"),
            units(12, (6, 5), 4, stride=2),
            stem=Stem(filters=6, kernel=5),
        ),
    ),
    "resnet-bottleneck": (
        network(units(8, 3, unit="bottleneck"), units(12, 4, stride=2, unit="bottleneck")),
        network(
            units(12, 5, (4, 5), unit="bottleneck"),
            units(16, (6, 5), 4, 4, stride=2, unit="bottleneck"),
            stem=6,
        ),
    ),
    "wide_resnet": (
        network(
            units(6, 4, preactivated=True), units(8, 4, stride=2, preactivated=True), stem=BARE
        ),
        network(
            units(9, (6, 5), 4, preactivated=True),
            units(12, 6, 4, 4, stride=2, preactivated=True),
            stem=wider(BARE, 6),
        ),
    ),
    "densenet": (
        network(dense(3, 3, transition=5), dense(4), stem=BARE),
        network(dense(4, (5, 5), 3, transition=8), dense(6, 4, 4), stem=wider(BARE, 6)),
    ),
    "densenet-bottleneck": (
        network(dense(3, bottleneck=2), dense(4, bottleneck=2), stem=STEM),
        network(dense((4, 5), 3, bottleneck=2), dense(6, 4, 4, bottleneck=2), stem=wider(STEM, 6)),
    ),
    "hybrid": (
        network(
            Plain(listed(4)), units(6, 3, stride=2), dense(3), units(9, 3, shortcut="identity")
        ),
        network(
            Plain(listed((6, 5), 5)),
            units(8, 5, 4, stride=2),
            dense(4, 3),
            units(15, 4, 4, shortcut="identity"),
            stem=6,
        ),
    ),
    "mlp": (mlp(10, 8, stem=4), mlp(14, 12, 12, stem=4)),
}


@pytest.mark.parametrize("family", LEARNERS)
def test_every_parameter_of_a_hatched_network_learns(family, batches):
    mother, member = LEARNERS[family]
    _, network = hatched(mother, member, batches, noise=0.1)
    before = bits(network)
    train(network, batches, 3)
    for name, value in network.named_parameters():
        assert value.isfinite().all(), name
        moved = value.detach() != before[name]
        # Nearly every number of it: a ReLU may be dead, a whole tensor must not be.
        assert moved.any() and moved.double().mean() > 0.8, name
