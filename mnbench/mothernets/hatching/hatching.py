"""Hatch a member from its MotherNet: widen, deepen and enlarge filters, preserving the function.

Source: the transformations of Net2Net (Chen, Goodfellow, Shlens 2016, sections 2.2 and 2.3),
extended to batch norm, pooling, flattening, larger filters, skip connections and concatenations.

What keeps every step exact is one value, the :class:`~mnbench.mothernets.hatching.flow.Flow`:
which channel of the MotherNet each channel of the member repeats. Whoever consumes a flow takes the
MotherNet's weight for that channel divided by *how often* it is repeated, so the repeats sum to
what the MotherNet computed. A residual block adds to one flow throughout; a dense block joins
flows.

What the MotherNet lacks is inserted so that it changes nothing: in a chain as the identity, beside
a residual stream as a unit that adds zero, in a dense block as channels that no weight listens to
yet. All of it can be trained at once: no gradient is zero for more than two steps.
"""

import copy
import math

import torch
from torch import Tensor, nn

from mnbench.architectures import Architecture, Plain, build
from mnbench.architectures.counts import shapes_between
from mnbench.errors import UserError
from mnbench.mothernets.construction import construct
from mnbench.mothernets.hatching.flow import Flow
from mnbench.mothernets.hatching.growth import Growth
from mnbench.mothernets.hatching.moments import Moments, measured


def hatch(
    mothernet_module: nn.Module,
    mothernet_architecture: Architecture,
    architecture: Architecture,
    *,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
    calibration: Tensor | None = None,
) -> nn.Module:
    """Make the network that *architecture* describes, computing what its MotherNet computes.

    In eval mode its logits equal the MotherNet's to rounding error (at noise 0). In training mode
    they nearly do: an inserted layer's batch norm gets the mean and variance of what flows there,
    and a scale and shift that undo them.

    Args:
        mothernet_module: the trained MotherNet; left as it is.
        mothernet_architecture: its value.
        architecture: the member's value.
        noise: standard deviation of the noise added to every weight tensor to break the symmetry
            of repeated channels, as a fraction of that tensor's own standard deviation.
        generator: chooses the channels that widening repeats, and the noise (CPU generator);
            without one the choice is by turns, and the noise from torch's global generator.
        calibration: training images ``(n, channels, height, width)``, normalised as in training,
            from which the mean and variance at inserted layers are measured; without them they are
            estimated from the batch norm before, whose output is taken to be Gaussian.

    Returns:
        The member, in the MotherNet's dtype, device and train/eval mode.

    Raises:
        UserError: the member cannot be hatched from this MotherNet; names the position.
    """
    _check_reachable(mothernet_architecture, architecture)
    if architecture.library:  # reachable from its equal only
        member = copy.deepcopy(mothernet_module)
    else:
        member = _empty_like(mothernet_module, mothernet_architecture, architecture)
        moments = _moments(mothernet_module, mothernet_architecture, architecture, calibration)
        with torch.no_grad():
            _grow(mothernet_module, member, architecture, Growth(generator, moments))
    if noise:
        perturb(member, noise, generator)
    return member.train(mothernet_module.training)


def _grow(mother: nn.Module, member: nn.Module, architecture: Architecture, growth: Growth) -> None:
    """Fill every module of a freshly built member."""
    first = _first(mother)
    channels = first.in_channels if isinstance(first, nn.Conv2d) else first.in_features
    flow = growth.stem(mother.stem, member.stem, Flow.same(channels, first.weight.device))
    for block, ours, theirs in zip(architecture.blocks, mother.blocks, member.blocks, strict=True):
        flow = growth.block(type(block), ours, theirs, flow)
    growth.head(mother.head, member.head, flow)


def perturb(network: nn.Module, noise: float, generator: torch.Generator | None = None) -> None:
    """Add Gaussian noise to every weight matrix and filter, in place.

    Args:
        network: any module; vectors (biases, batch norm) are left alone.
        noise: the noise's standard deviation as a fraction of each tensor's own.
        generator: a CPU generator.
    """
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1 and weight.numel() > 1:  # a single number has no deviation
                sample = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
                weight += noise * weight.std() * sample.to(weight.device)


def hatching_difference(mothernet: nn.Module, member: nn.Module, images: Tensor) -> float:
    """Return the largest difference of logits, relative to the MotherNet's largest logit.

    Both networks answer in eval mode and are left in the mode they were in.
    """
    expected, hatched = (_answer(network, images) for network in (mothernet, member))
    scale = expected.abs().max().clamp_min(torch.finfo(expected.dtype).tiny)
    return float((hatched - expected).abs().max() / scale)


def _answer(network: nn.Module, images: Tensor) -> Tensor:
    training = network.training
    with torch.no_grad():
        logits = network.eval()(images)
    network.train(training)
    return logits


def _check_reachable(mothernet: Architecture, member: Architecture) -> None:
    """Refuse a member unless the MotherNet is what both of them have in common."""
    try:
        common = construct([mothernet, member])
    except UserError as error:
        raise UserError(f"{member.name} cannot be hatched from {mothernet.name}: {error}") from None
    if common != mothernet:
        places = ["stem", *(f"block {i}" for i in range(1, len(mothernet.blocks) + 1))]
        ours = [str(mothernet.stem).strip(), *mothernet.blocks]
        theirs = [str(common.stem).strip(), *common.blocks]
        where = next(
            (
                f"{place} is {one}, at most {most} can be carried"
                for place, one, most in zip(places, ours, theirs, strict=True)
                if one != most
            ),
            f"head {mothernet.head.hidden}, at most {common.head.hidden} can be carried",
        )
        raise UserError(f"{member.name} cannot be hatched from {mothernet.name}: {where}")


def _empty_like(
    mothernet: nn.Module, mothernet_architecture: Architecture, architecture: Architecture
) -> nn.Module:
    """Build the member without drawing from the global generator: every value is set later."""
    first, classifier = _first(mothernet), mothernet.head.classifier
    factor = architecture.stem.space_to_depth
    if isinstance(first, nn.Conv2d):
        channels, shrinking = first.in_channels // factor**2, factor * _shrinking(architecture)
        *_, last = shapes_between(mothernet_architecture, shrinking, channels)
        features = next(m for m in mothernet.head.modules() if isinstance(m, nn.Linear)).in_features
        # Any image size that leaves as many pixels to flatten will do.
        image_size = shrinking * math.isqrt(features // last.channels)
    else:  # fully connected: any shape of as many numbers will do
        channels, image_size = first.in_features // factor**2, factor
    with torch.random.fork_rng(devices=[]):
        member = build(
            architecture,
            in_channels=channels,
            num_classes=classifier.out_features,
            image_size=image_size,
        )
    return member.to(first.weight.device, first.weight.dtype)


def _first(network: nn.Module) -> nn.Conv2d | nn.Linear:
    """The layer that sees the images."""
    return next(m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear))


def _shrinking(architecture: Architecture) -> int:
    """How many pixels of an image's side become one behind the last block."""
    factors = [getattr(block, block.shrinking) for block in architecture.blocks]
    return architecture.stem.stride * architecture.stem.pool * math.prod(factors)


def _moments(
    module: nn.Module,
    mothernet: Architecture,
    member: Architecture,
    calibration: Tensor | None,
) -> dict[nn.Module, Moments]:
    """Measure what flows where layers are inserted into a chain."""
    places = [
        module.blocks[i].layers
        for i, (ours, theirs) in enumerate(zip(mothernet.blocks, member.blocks, strict=True))
        if isinstance(ours, Plain) and len(ours.layers) < len(theirs.layers)
    ]
    if calibration is None or not places:
        return {}
    return dict(zip(places, measured(module, calibration, places), strict=True))
