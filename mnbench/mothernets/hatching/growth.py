"""Grow each kind of block from the MotherNet's: its weights along the flow, the rest inserted.

Every method of :class:`Growth` fills a freshly built module of the member from the MotherNet's and
returns the flow behind it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import torch
from torch import Tensor, nn

from mnbench.architectures import Block, Dense, Plain, Residual
from mnbench.architectures.modules import Padding, PreactivatedUnit, ResidualUnit, initialise
from mnbench.mothernets.hatching.flow import Flow, expanded
from mnbench.mothernets.hatching.moments import Moments, estimated

M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Growth:
    """How a member is grown: by whose choices, and with which statistics where it must be known.

    Attributes:
        generator: chooses the channels that widening repeats, and the weights of inserted units.
        moments: measured behind the layers of plain blocks, by the MotherNet's module; where there
            are none they are estimated.
    """

    generator: torch.Generator | None
    moments: Mapping[nn.Module, Moments]

    def stem(self, mother: nn.Sequential, child: nn.Sequential, flow: Flow) -> Flow:
        """Grow the stem's convolution, if it has one."""
        if not hasattr(child, "conv"):
            return flow
        out = self._widened(mother.conv, child.conv, flow)
        _fill_conv(mother.conv, child.conv, flow, out)
        if hasattr(child, "norm"):
            _fill_norm(mother.norm, child.norm, out)
        return out

    def block(
        self, kind: type[Block], mother: nn.Sequential, child: nn.Sequential, flow: Flow
    ) -> Flow:
        """Grow a block, and the batch norm that closes it, if any."""
        flow = _BLOCKS[kind](self, mother, child, flow)
        if hasattr(child, "closing"):
            _fill_norm(mother.closing.norm, child.closing.norm, flow)
        return flow

    def head(self, mother: nn.Sequential, child: nn.Sequential, flow: Flow) -> None:
        """Widen and deepen the hidden layers; a ReLU does nothing to what a ReLU let through."""
        first = mother.hidden[0].linear if len(mother.hidden) else mother.classifier
        flow = flow.flattened(first.in_features // flow.width)
        for position, unit in enumerate(child.hidden):
            if position < len(mother.hidden):
                ours = mother.hidden[position].linear
                weight, bias = ours.weight, ours.bias
            else:
                weight = _eye(flow.width, unit.linear.weight)
                bias = torch.zeros_like(weight[0])
            out = self._choose(len(weight), unit.linear.out_features, flow)
            unit.linear.weight.copy_(expanded(weight, flow, out))
            unit.linear.bias.copy_(bias[out.source])
            flow = out
        classes = Flow.same(mother.classifier.out_features, flow.source.device)
        child.classifier.weight.copy_(expanded(mother.classifier.weight, flow, classes))
        child.classifier.bias.copy_(mother.classifier.bias)

    def plain(self, mother: nn.Sequential, child: nn.Sequential, flow: Flow) -> Flow:
        """Widen the layers that the MotherNet has, then insert the others as identities."""
        shared = len(mother.layers)
        for ours, unit in zip(mother.layers, child.layers, strict=False):
            out = self._widened(ours.conv, unit.conv, flow)
            _fill_conv(ours.conv, unit.conv, flow, out)
            _fill_norm(ours.norm, unit.norm, out)
            flow = out
        if shared == len(child.layers):
            return flow
        moments = self.moments.get(mother.layers) or estimated(mother.layers[-1].norm)
        for unit in child.layers[shared:]:
            out = self._choose(flow.width, unit.conv.out_channels, flow)
            centre = unit.conv.kernel_size[0] // 2
            identity = expanded(_eye(flow.width, unit.conv.weight), flow, out)
            unit.conv.weight.zero_()
            unit.conv.weight[:, :, centre, centre] = identity
            mean, variance = (moment[out.source] for moment in moments)
            unit.norm.running_mean.copy_(mean)
            unit.norm.running_var.copy_(variance)
            unit.norm.weight.copy_((variance + unit.norm.eps).sqrt())
            unit.norm.bias.copy_(mean)
            flow = out
        return flow

    def residual(self, mother: nn.Sequential, child: nn.Sequential, flow: Flow) -> Flow:
        """Grow the units around one flow, the stream; insert the others as units that add zero."""
        shared = len(mother.layers)
        stream = self._shortcut(mother.layers[0].shortcut, child.layers[0].shortcut, flow)
        for ours, unit in zip(mother.layers, child.layers, strict=False):
            self._chain(ours, unit, flow, stream)
            flow = stream
        for unit in child.layers[shared:]:
            initialise(unit, self.generator)
            last = unit.body[-1]
            (last.conv if isinstance(unit, PreactivatedUnit) else last.norm).weight.zero_()
        return stream

    def dense(self, mother: nn.Sequential, child: nn.Sequential, flow: Flow) -> Flow:
        """Grow the layers and what sees them; insert the others, which nothing listens to yet."""
        shared = len(mother.layers)
        for ours, layer in zip(mother.layers, child.layers, strict=False):
            growth = self._widened(ours.body[-1].conv, layer.body[-1].conv, flow)
            self._chain(ours, layer, flow, growth)
            flow = flow.joined(growth)
        for layer in child.layers[shared:]:
            initialise(layer, self.generator)
            flow = flow.extended(layer.body[-1].conv.out_channels)
        if not hasattr(child, "transition"):
            return flow
        out = self._widened(mother.transition.conv, child.transition.conv, flow)
        _fill_norm(mother.transition.norm, child.transition.norm, flow)
        _fill_conv(mother.transition.conv, child.transition.conv, flow, out)
        return out

    def _shortcut(self, mother: nn.Module, child: nn.Module, flow: Flow) -> Flow:
        """Grow a block's shortcut; what leaves it is the block's stream."""
        if isinstance(child, nn.Identity):
            return flow
        if isinstance(child, Padding):
            stream = self._choose(len(mother.source), len(child.source), flow)
            _fill_padding(mother, child, flow, stream)
            return stream
        ours, conv = (next(_of(shortcut, nn.Conv2d)) for shortcut in (mother, child))
        stream = self._widened(ours, conv, flow)
        _fill_conv(ours, conv, flow, stream)
        for norm, wider in zip(
            _of(mother, nn.BatchNorm2d), _of(child, nn.BatchNorm2d), strict=True
        ):
            _fill_norm(norm, wider, stream)
        return stream

    def _chain(self, mother: nn.Module, child: nn.Module, start: Flow, end: Flow) -> None:
        """Grow what a residual unit or a dense layer adds, convolution by convolution."""
        convs = list(zip(_of(mother.body, nn.Conv2d), _of(child.body, nn.Conv2d), strict=True))
        norms = list(zip(_norms(mother), _norms(child), strict=True))
        inner = [self._widened(*pair, start) for pair in convs[:-1]]
        flows = [start, *inner, end]
        # Batch norm stands before each convolution, or behind it.
        behind = 1 if isinstance(child, ResidualUnit) else 0
        for position, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
            _fill_conv(*conv, flows[position], flows[position + 1])
            _fill_norm(*norm, flows[position + behind])

    def _widened(self, mother: nn.Conv2d, child: nn.Conv2d, like: Flow) -> Flow:
        return self._choose(mother.out_channels, child.out_channels, like)

    def _choose(self, width: int, wider: int, like: Flow) -> Flow:
        return Flow.widened(width, wider, like.source.device, self.generator)


_BLOCKS: Mapping[type[Block], Callable[..., Flow]] = MappingProxyType(
    {Plain: Growth.plain, Residual: Growth.residual, Dense: Growth.dense}
)


def _fill_conv(mother: nn.Conv2d, child: nn.Conv2d, inputs: Flow, outputs: Flow) -> None:
    """Repeat filters along both flows, framed by zeros where the child's are larger."""
    border = (child.kernel_size[0] - mother.kernel_size[0]) // 2
    kernel = expanded(mother.weight, inputs, outputs)
    child.weight.copy_(nn.functional.pad(kernel, [border] * 4))


def _fill_norm(mother: nn.BatchNorm2d, child: nn.BatchNorm2d, flow: Flow) -> None:
    """Repeat batch norm with its channel; that of new channels stays as built."""
    for name in ("weight", "bias", "running_mean", "running_var"):
        ours, values = getattr(mother, name), getattr(child, name)
        values.copy_(torch.where(flow.is_new, values, ours[flow.source.clamp_min(0)]))
    child.num_batches_tracked.copy_(mother.num_batches_tracked)


def _fill_padding(mother: Padding, child: Padding, flow: Flow, stream: Flow) -> None:
    """Let each channel of the stream take one that repeats what the MotherNet's takes."""
    first = flow.source.new_full((flow.width + 1,), len(flow.source))  # zeros unless found
    repeated = ~flow.is_new
    positions = torch.arange(len(flow.source), device=first.device)
    first[flow.source[repeated].flip(0)] = positions[repeated].flip(0)
    child.source.copy_(first[mother.source[stream.source]])


def _norms(layer: nn.Module) -> Iterator[nn.BatchNorm2d]:
    """Batch norms of a unit or dense layer in order, but for the shortcut's."""
    if isinstance(layer, PreactivatedUnit):
        yield layer.activation.norm
    yield from _of(layer.body, nn.BatchNorm2d)


def _of(module: nn.Module, kind: type[M]) -> Iterator[M]:
    return (found for found in module.modules() if isinstance(found, kind))


def _eye(width: int, like: Tensor) -> Tensor:
    return torch.eye(width, dtype=like.dtype, device=like.device)
