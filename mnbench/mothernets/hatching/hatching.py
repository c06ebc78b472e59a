"""Hatch a member from its MotherNet: widen, deepen and enlarge filters, function-preserving.

Open this module for the idea; ``growth`` has the steps for each kind of block. One value keeps
every step exact, the :class:`~mnbench.mothernets.hatching.flow.Flow`. It says which channel of the
MotherNet each channel of the member replicates. The trap: whoever reads a flow must divide the
MotherNet's weight for a channel by the number of its replicas. So the replicas sum to its value. A
residual block adds to one flow throughout; a dense block joins flows.

A missing layer is inserted without changing the function. In a plain block it is the identity.
Beside a residual stream it is a unit that adds zero. In a dense block it adds channels that no
weight reads yet. All of it can be trained at once: no gradient is zero for more than two steps.

Source: the transformations of Net2Net (Chen, Goodfellow, Shlens 2016, sections 2.2 and 2.3),
extended to batch norm, pooling, flattening, larger filters, skip connections and concatenations.
"""

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from mnbench.architectures import Architecture
from mnbench.architectures.counts import shapes_between
from mnbench.architectures.modules import Network, PlainBlock, assemble
from mnbench.errors import UserError
from mnbench.mothernets.construction import construct
from mnbench.mothernets.hatching.flow import Flow
from mnbench.mothernets.hatching.growth import Growth
from mnbench.mothernets.hatching.moments import Moments, measured
from mnbench.mothernets.hatching.origins import Origin, Origins


def hatch(
    mothernet_module: nn.Module,
    mothernet_architecture: Architecture,
    architecture: Architecture,
    *,
    noise: float = 0.0,
    generator: torch.Generator | None = None,
    calibration: Tensor | None = None,
    split: torch.Generator | None = None,
) -> nn.Module:
    """Return a larger network that computes the function of its trained MotherNet.

    In eval mode the logits equal the MotherNet's up to rounding (at noise 0). In training mode
    they nearly do: an inserted layer's batch norm gets the mean and variance of its input, and a
    scale and shift that undo them.

    Args:
        mothernet_module: the trained MotherNet, as ``build`` made it; left unchanged.
        mothernet_architecture: its value.
        architecture: the member's value.
        noise: standard deviation of the noise added to every weight tensor, as a fraction of that
            tensor's own standard deviation. It breaks the symmetry of replicated channels.
        generator: a CPU generator that chooses the channels to replicate, and the noise. Without
            it channels are replicated in order, and noise comes from torch's global generator.
        calibration: training images ``(n, channels, height, width)``, normalised as in training.
            Means and variances at inserted layers are measured on them. Without them these are
            estimated: the output of the batch norm before is taken to be Gaussian.
        split: a CPU generator that draws by which shares the replicas of a channel are read. The
            function stays. Without it the shares are equal.

    Returns:
        The member, in the MotherNet's dtype, device and train/eval mode.

    Raises:
        UserError: the member cannot be hatched from this MotherNet; names the position.
        TypeError: *mothernet_module* was not made by ``build``.

    >>> from mnbench.architectures import build, load_architectures
    >>> from mnbench.mothernets import construct
    >>> from mnbench.mothernets.hatching import hatch, hatching_difference
    >>> members = load_architectures("v5-small")
    >>> mothernet = construct(members)
    >>> trained = build(mothernet, in_channels=1, num_classes=10)
    >>> member = hatch(trained, mothernet, members[4])
    >>> hatching_difference(trained, member, torch.rand(2, 1, 28, 28)) < 1e-4
    True
    """
    member, _ = hatch_with_origins(
        mothernet_module,
        mothernet_architecture,
        architecture,
        generator=generator,
        calibration=calibration,
        split=split,
    )
    if noise:
        perturb(member, noise, generator)
    return member


def hatch_with_origins(
    mothernet_module: nn.Module,
    mothernet_architecture: Architecture,
    architecture: Architecture,
    *,
    generator: torch.Generator | None = None,
    calibration: Tensor | None = None,
    split: torch.Generator | None = None,
) -> tuple[nn.Module, Origins]:
    """Return what :func:`hatch` returns, without noise, and where each parameter comes from."""
    _check_reachable(mothernet_architecture, architecture)
    origins: dict[Tensor, Origin]
    if architecture.library:  # reachable from its equal only
        member = copy.deepcopy(mothernet_module)
        pairs = zip(member.parameters(), mothernet_module.parameters(), strict=True)
        origins = {own: Origin(ours) for own, ours in pairs}
    else:
        growth = Growth(generator, {}, split)
        member = _grown(mothernet_module, mothernet_architecture, architecture, growth, calibration)
        origins = growth.origins
    named = {
        name: origins[parameter]
        for name, parameter in member.named_parameters()
        if parameter in origins
    }
    return member.train(mothernet_module.training), named


def perturb(network: nn.Module, noise: float, generator: torch.Generator | None = None) -> None:
    """Add Gaussian noise to every weight matrix and filter, in place.

    Args:
        network: any module; vectors (biases, batch norm) stay as they are.
        noise: the noise's standard deviation as a fraction of each tensor's own.
        generator: a CPU generator.
    """
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1 and weight.numel() > 1:  # a single number has no deviation
                sample = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
                weight.add_(noise * weight.std() * sample.to(weight.device))


def shrink(network: nn.Module, fresh: nn.Module, keep: float) -> None:
    """Move every parameter towards a fresh initialisation, in place: shrink and perturb.

    Each becomes ``keep`` times its own value plus ``1 - keep`` times the fresh one (Ash, Adams
    2020, section 4). The moments of batch norm stay.

    Args:
        network: any module.
        fresh: the same module, initialised anew.
        keep: fraction; 1 changes nothing.
    """
    with torch.no_grad():
        for own, new in zip(network.parameters(), fresh.parameters(), strict=True):
            own.lerp_(new.to(own), 1 - keep)


def renew(network: nn.Module, fresh: nn.Module, part: str) -> None:
    """Give the end of a network a fresh initialisation, in place, moments of batch norm included.

    Args:
        network: as ``build`` made it.
        fresh: the same network, initialised anew.
        part: "head", or "last_block" for the last block and the head.

    Raises:
        UserError: the network comes from a library, which has no such parts.
    """
    if not isinstance(network, Network) or not isinstance(fresh, Network):
        raise UserError("a network of a library has no head or last block to draw anew")
    with torch.no_grad():
        if part == "last_block":
            network.blocks[-1].load_state_dict(fresh.blocks[-1].state_dict())
        network.head.load_state_dict(fresh.head.state_dict())


def renew_at_random(
    network: nn.Module, fresh: nn.Module, fraction: float, generator: torch.Generator
) -> None:
    """Give a fraction of each weight matrix's and filter's entries a fresh value, in place.

    Args:
        network: any module.
        fresh: the same module, initialised anew.
        fraction: the probability of each entry.
        generator: a CPU generator that chooses the entries.
    """
    with torch.no_grad():
        for own, new in zip(network.parameters(), fresh.parameters(), strict=True):
            if own.ndim > 1:
                chosen = torch.rand(own.shape, generator=generator) < fraction
                own.copy_(torch.where(chosen.to(own.device), new.to(own), own))


def hatching_difference(mothernet: nn.Module, member: nn.Module, images: Tensor) -> float:
    """Return the largest difference of logits, relative to the MotherNet's largest logit.

    Args:
        mothernet: any module; it stays in its train/eval mode.
        member: likewise.
        images: ``(n, channels, height, width)``, given to both in eval mode.
    """
    expected, hatched = (_logits(network, images) for network in (mothernet, member))
    scale = expected.abs().max().clamp_min(torch.finfo(expected.dtype).tiny)
    return float((hatched - expected).abs().max() / scale)


def _logits(network: nn.Module, images: Tensor) -> Tensor:
    training = network.training
    with torch.no_grad():
        logits = network.eval()(images)
    network.train(training)
    return logits


def _check_reachable(mothernet: Architecture, member: Architecture) -> None:
    """Refuse a member unless it and the MotherNet have exactly the MotherNet in common."""
    try:
        common = construct([mothernet, member])
    except UserError as error:
        raise UserError(f"{member.name} cannot be hatched from {mothernet.name}: {error}") from None
    if common != mothernet:
        places = ["stem", *(f"block {i}" for i in range(1, len(mothernet.blocks) + 1))]
        ours = [str(mothernet.stem).strip(), *mothernet.blocks]
        carried = [str(common.stem).strip(), *common.blocks]
        difference = next(
            (
                f"{place} is {part}, at most {maximum} can be carried"
                for place, part, maximum in zip(places, ours, carried, strict=True)
                if part != maximum
            ),
            f"head {mothernet.head.hidden}, at most {common.head.hidden} can be carried",
        )
        raise UserError(f"{member.name} cannot be hatched from {mothernet.name}: {difference}")


def _grown(
    mothernet: nn.Module,
    mothernet_architecture: Architecture,
    architecture: Architecture,
    growth: Growth,
    calibration: Tensor | None,
) -> Network:
    if not isinstance(mothernet, Network):
        raise TypeError(f"a MotherNet is what `build` returns, got {type(mothernet).__name__}")
    images = _first_layer(mothernet)
    channels = images.in_channels if isinstance(images, nn.Conv2d) else images.in_features
    member = _empty_like(mothernet, mothernet_architecture, architecture)
    moments = _moments(mothernet, member, calibration)
    with torch.no_grad():
        flow = Flow.same(channels, images.weight.device)
        replace(growth, moments=moments).network(mothernet, member, flow)
    return member


def _empty_like(
    mothernet: Network, mothernet_architecture: Architecture, architecture: Architecture
) -> Network:
    """Build the member without drawing from the global generator: every value is set later."""
    first, head = _first_layer(mothernet), mothernet.head
    factor = architecture.stem.space_to_depth
    if isinstance(first, nn.Conv2d):
        channels, shrinking = first.in_channels // factor**2, factor * _shrinking(architecture)
        *_, last = shapes_between(mothernet_architecture, shrinking, channels)
        linear = head.hidden[0].linear if len(head.hidden) else head.classifier
        # Any image size that leaves the same number of pixels to flatten will do.
        image_size = shrinking * math.isqrt(linear.in_features // last.channels)
    else:  # fully connected: any shape of the same size will do
        channels, image_size = first.in_features // factor**2, factor
    with torch.random.fork_rng(devices=[]):
        member = assemble(architecture, channels, head.classifier.out_features, image_size)
    return member.to(first.weight.device, first.weight.dtype)


def _first_layer(network: Network) -> nn.Conv2d | nn.Linear:
    """Return the layer that reads the images."""
    return next(m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear))


def _shrinking(architecture: Architecture) -> int:
    """Return how many pixels of an image's side become one behind the last block."""
    factors = [getattr(block, block.shrinking) for block in architecture.blocks]
    return architecture.stem.stride * architecture.stem.pool * math.prod(factors)


def _moments(
    mothernet: Network, member: Network, calibration: Tensor | None
) -> dict[nn.Module, Moments]:
    """Measure mean and variance behind each plain block's layers that are followed by new ones."""
    places = [
        ours.layers
        for ours, theirs in zip(mothernet.blocks, member.blocks, strict=True)
        if isinstance(ours, PlainBlock) and len(ours.layers) < len(theirs.layers)
    ]
    if calibration is None or not places:
        return {}
    return dict(zip(places, measured(mothernet, calibration, places), strict=True))
