"""The gradient's size by where a weight comes from."""

from math import isnan

import pytest
import torch
from support.real_images import STEPS, real_batches, seeded, trained
from support.strategies import plain
from torch.nn.functional import cross_entropy

from mnbench.insides.gradients import gradient_sizes
from mnbench.mothernets.hatching import hatch_with_origins

SMALL = plain([4], [5])


@pytest.fixture(scope="module")
def batches():
    return real_batches()


def hatched(architecture, batches):
    return hatch_with_origins(trained(SMALL, batches), SMALL, architecture, generator=seeded(0))


def by_hand(member, batches, choose):
    """Return the root mean square over weights whose place *choose* accepts, in training mode."""
    images, labels = batches[STEPS]
    member.zero_grad()
    cross_entropy(member.train()(images), labels).backward()
    chosen = [
        choose(name, own.grad).flatten() for name, own in member.named_parameters() if own.ndim > 1
    ]
    return float(torch.cat(chosen).square().mean().sqrt())


def test_an_inserted_layers_weights_are_told_from_the_others(batches):
    member, origins = hatched(plain([4, 4], [5]), batches)
    sizes = gradient_sizes(member, origins, *batches[STEPS])
    inserted = "blocks.0.layers.1.conv.weight"
    nothing = torch.empty(0, dtype=torch.double)
    assert sizes.inserted == pytest.approx(
        by_hand(member, batches, lambda name, own: own if name == inserted else nothing)
    )
    assert sizes.inherited == pytest.approx(
        by_hand(member, batches, lambda name, own: nothing if name == inserted else own)
    )
    assert isnan(sizes.enlarged)
    assert sizes.inserted > 0


def test_the_frame_of_an_enlarged_filter_is_no_inherited_weight(batches):
    member, origins = hatched(plain([(4, 5)], [5]), batches)
    sizes = gradient_sizes(member, origins, *batches[STEPS])
    frame = torch.ones(5, 5, dtype=torch.bool)
    frame[1:-1, 1:-1] = False

    def of_frame(name, own):
        return own[..., frame] if own.shape[-1] == 5 and own.ndim == 4 else own[:0]

    assert sizes.enlarged == pytest.approx(by_hand(member, batches, of_frame))
    assert isnan(sizes.inserted)


def test_a_copy_of_its_mothernet_has_inherited_weights_only(batches):
    sizes = gradient_sizes(*hatched(SMALL, batches), *batches[STEPS])
    assert sizes.inherited > 0
    assert isnan(sizes.enlarged) and isnan(sizes.inserted)


def test_nothing_of_the_network_changes(batches):
    member, origins = hatched(plain([4, 4], [5]), batches)
    member.eval()
    before = {name: value.clone() for name, value in member.state_dict().items()}
    gradient_sizes(member, origins, *batches[STEPS])
    assert not member.training
    assert all(own.grad is None for own in member.parameters())
    for name, value in member.state_dict().items():
        assert torch.equal(value, before[name]), name
