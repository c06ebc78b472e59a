"""Hatch a member from its MotherNet: widen, deepen and enlarge filters, preserving the function.

Source: the transformations of Net2Net (Chen, Goodfellow, Shlens 2016, sections 2.2 and 2.3),
extended to batch norm, pooling, flattening and larger filters.

What keeps every step exact is one value, the :class:`Flow`: which channel of the MotherNet each
channel of the member repeats. Whoever consumes a flow takes the MotherNet's weight for that channel
divided by *how often* it is repeated, so the repeats sum to what the MotherNet computed.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mnbench.architectures import Architecture, build
from mnbench.errors import UserError
from mnbench.mothernets.construction import construct


@dataclass(frozen=True)
class Flow:
    """What flows between two layers of a member, in terms of its MotherNet's channels."""

    source: Tensor  # (member's channels,) the MotherNet's channel that each repeats

    @property
    def repeats(self) -> Tensor:
        """How often the channel that each of the member's channels repeats occurs."""
        return torch.bincount(self.source)[self.source]

    def flattened(self, positions: int) -> "Flow":
        """The flow behind flattening channels of *positions* pixels each, channel by channel."""
        pixel = torch.arange(positions, device=self.source.device)
        return Flow((self.source[:, None] * positions + pixel).flatten())


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
    weight = next(mothernet_module.parameters())
    classifier = mothernet_module.head.classifier
    channels = mothernet_module.blocks[0].layers[0].conv.in_channels
    in_channels = channels // mothernet_architecture.stem.space_to_depth**2
    member = _empty_like(mothernet_module, architecture, in_channels, classifier.out_features)
    moments = _measured_moments(mothernet_module, calibration)

    with torch.no_grad():
        flow = Flow(torch.arange(channels, device=weight.device))
        for i, (mother, child) in enumerate(
            zip(mothernet_module.blocks, member.blocks, strict=True)
        ):
            moment = moments[i] if moments else _estimated_moments(mother.layers[-1].norm)
            flow = _hatch_plain_block(mother, child, flow, moment, generator)
        _hatch_head(mothernet_module.head, member.head, flow, generator)
        if noise:
            perturb(member, noise, generator)
    return member.train(mothernet_module.training)


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
        where = next(
            (
                f"block {i} is {ours}, at most {theirs} can be carried"
                for i, (ours, theirs) in enumerate(
                    zip(mothernet.blocks, common.blocks, strict=True), 1
                )
                if ours != theirs
            ),
            f"head {mothernet.head.hidden}, at most {common.head.hidden} can be carried",
        )
        raise UserError(f"{member.name} cannot be hatched from {mothernet.name}: {where}")


def _empty_like(
    mothernet: nn.Module, architecture: Architecture, in_channels: int, num_classes: int
) -> nn.Module:
    """Build the member without drawing from the global generator: every value is set later."""
    image_size = None
    if architecture.head.pool == "flatten":
        first = next(m for m in mothernet.head.modules() if isinstance(m, nn.Linear))
        last_filters = mothernet.blocks[-1].layers[-1].conv.out_channels
        side = math.isqrt(first.in_features // last_filters)
        # Any image size that leaves this many pixels will do.
        image_size = side * architecture.stem.space_to_depth
        image_size *= math.prod(block.pool for block in architecture.blocks)
    weight = next(mothernet.parameters())
    with torch.random.fork_rng(devices=[]):
        member = build(
            architecture, in_channels=in_channels, num_classes=num_classes, image_size=image_size
        )
    return member.to(weight.device, weight.dtype)


def _hatch_plain_block(
    mother: nn.Module,
    child: nn.Module,
    flow: Flow,
    moments: tuple[Tensor, Tensor],
    generator: torch.Generator | None,
) -> Flow:
    """Widen the layers that the MotherNet has, then insert the others as identities."""
    shared = len(mother.layers)
    for ours, unit in zip(mother.layers, child.layers, strict=False):
        out = _widened(ours.conv.out_channels, unit.conv.out_channels, flow, generator)
        kernel = _expanded(ours.conv.weight, flow, out)
        border = (unit.conv.kernel_size[0] - ours.conv.kernel_size[0]) // 2
        unit.conv.weight.copy_(nn.functional.pad(kernel, [border] * 4))
        for name, value in ours.norm.state_dict().items():
            target = getattr(unit.norm, name)
            target.copy_(value[out.source] if value.ndim else value)
        flow = out
    for unit in child.layers[shared:]:
        width = int(flow.source.max()) + 1
        out = _widened(width, unit.conv.out_channels, flow, generator)
        centre = unit.conv.kernel_size[0] // 2
        unit.conv.weight.zero_()
        unit.conv.weight[:, :, centre, centre] = _expanded(_eye(width, unit.conv.weight), flow, out)
        mean, variance = (moment[out.source] for moment in moments)
        unit.norm.running_mean.copy_(mean)
        unit.norm.running_var.copy_(variance)
        unit.norm.weight.copy_((variance + unit.norm.eps).sqrt())
        unit.norm.bias.copy_(mean)
        flow = out
    return flow


def _hatch_head(
    mother: nn.Module, child: nn.Module, flow: Flow, generator: torch.Generator | None
) -> None:
    """Widen and deepen the hidden layers; a ReLU does nothing to what a ReLU let through."""
    first = mother.hidden[0].linear if len(mother.hidden) else mother.classifier
    flow = flow.flattened(first.in_features // (int(flow.source.max()) + 1))
    for position, unit in enumerate(child.hidden):
        if position < len(mother.hidden):
            ours = mother.hidden[position].linear
            weight, bias = ours.weight, ours.bias
        else:
            width = int(flow.source.max()) + 1
            weight = _eye(width, unit.linear.weight)
            bias = torch.zeros_like(weight[0])
        out = _widened(len(weight), unit.linear.out_features, flow, generator)
        unit.linear.weight.copy_(_expanded(weight, flow, out))
        unit.linear.bias.copy_(bias[out.source])
        flow = out
    classes = Flow(torch.arange(len(mother.classifier.bias), device=flow.source.device))
    child.classifier.weight.copy_(_expanded(mother.classifier.weight, flow, classes))
    child.classifier.bias.copy_(mother.classifier.bias)


def _widened(width: int, wider: int, flow: Flow, generator: torch.Generator | None) -> Flow:
    """Choose which of *width* channels each of *wider* channels repeats, as evenly as can be."""
    turns = -(-wider // width)
    orders = [torch.arange(width)] + [
        torch.arange(width) if generator is None else torch.randperm(width, generator=generator)
        for _ in range(turns - 1)
    ]
    return Flow(torch.cat(orders)[:wider].to(flow.source.device))


def _expanded(weight: Tensor, inputs: Flow, outputs: Flow) -> Tensor:
    """Repeat a weight ``(out, in, ...)`` along both flows, the inputs divided by their repeats."""
    share = inputs.repeats.to(weight.dtype).view(1, -1, *[1] * (weight.ndim - 2))
    return weight[outputs.source][:, inputs.source] / share


def _eye(width: int, like: Tensor) -> Tensor:
    return torch.eye(width, dtype=like.dtype, device=like.device)


def _measured_moments(
    mothernet: nn.Module, calibration: Tensor | None
) -> Sequence[tuple[Tensor, Tensor]] | None:
    """Mean and variance of each channel at the end of each block, before pooling."""
    if calibration is None:
        return None
    # In training mode, as the member will see them; on a copy, whose running statistics may move.
    return list(_moments_by_block(copy.deepcopy(mothernet).train(), calibration))


@torch.no_grad()
def _moments_by_block(network: nn.Module, images: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    images = network.stem(images)
    for block in network.blocks:
        images = block.layers(images)
        variance, mean = torch.var_mean(images, dim=(0, 2, 3), correction=0)
        yield mean, variance
        images = block.pool(images)


def _estimated_moments(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Mean and variance of relu(scale * z + shift) for a standard Gaussian z, per channel."""
    scale, shift = norm.weight.abs().clamp_min(1e-12), norm.bias
    gaussian = torch.distributions.Normal(torch.zeros_like(shift), torch.ones_like(shift))
    below, density = gaussian.cdf(shift / scale), gaussian.log_prob(shift / scale).exp()
    mean = shift * below + scale * density
    square = (shift**2 + scale**2) * below + shift * scale * density
    return mean, (square - mean**2).clamp_min(0)
