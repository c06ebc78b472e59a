"""Grow each kind of block from the MotherNet's: replicate its weights, insert the rest.

Open this module to see why a hatched network computes what its MotherNet computes. Every method
of :class:`Growth` fills a freshly built module of the member and returns the flow behind it. The
trap: weights that read replicated channels must be shared out among the replicas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from mnbench.architectures.modules import (
    DenseBlock,
    Network,
    NetworkBlock,
    NetworkHead,
    NetworkStem,
    PlainBlock,
    ResidualBlock,
    initialise,
)
from mnbench.architectures.units import (
    ConvUnit,
    DenseLayer,
    NormRelu,
    Padding,
    PreactivatedUnit,
    Projection,
    ResidualUnit,
    Shortcut,
)
from mnbench.mothernets.hatching.flow import Flow, expanded
from mnbench.mothernets.hatching.moments import Moments, estimated
from mnbench.mothernets.hatching.origins import Origin

_Unit = ResidualUnit | PreactivatedUnit | DenseLayer  # each has a body


@dataclass(frozen=True, eq=False)
class Growth:
    """The steps that fill a member's modules from its MotherNet's.

    Attributes:
        generator: chooses the channels to replicate, and the weights of inserted units. None
            replicates channels in order.
        moments: mean and variance behind the layers of plain blocks, by the MotherNet's ``layers``
            module. A block that is missing here gets estimated ones.
        split: draws the shares of replicas; None makes them equal.
        origins: of the member's parameters, noted on the way; an inserted one has none.
    """

    generator: torch.Generator | None
    moments: Mapping[nn.Module, Moments]
    split: torch.Generator | None = None
    origins: dict[Tensor, Origin] = field(default_factory=dict)

    def network(self, mother: Network, child: Network, flow: Flow) -> None:
        """Fill every module of a freshly built member.

        Args:
            mother: the MotherNet's module.
            child: the member's module, filled in place.
            flow: what flows into both: the channels of the images, or all their pixels.
        """
        flow = self.stem(mother.stem, child.stem, flow)
        for ours, theirs in zip(mother.blocks, child.blocks, strict=True):
            flow = self.block(ours, theirs, flow)
        self.head(mother.head, child.head, flow)

    def stem(self, mother: NetworkStem, child: NetworkStem, flow: Flow) -> Flow:
        """Grow the stem's convolution, if it has one."""
        if mother.conv is None or child.conv is None:
            return flow
        grown = self._widened(mother.conv, child.conv, flow)
        self._conv(mother.conv, child.conv, flow, grown)
        if mother.norm is not None and child.norm is not None:
            self._norm(mother.norm, child.norm, grown)
        return grown

    def block(self, mother: NetworkBlock, child: NetworkBlock, flow: Flow) -> Flow:
        """Grow a block of any kind.

        Raises:
            TypeError: the two blocks are of different kinds.
        """
        match mother, child:
            case PlainBlock() as ours, PlainBlock() as theirs:
                return self.plain(ours, theirs, flow)
            case ResidualBlock() as ours, ResidualBlock() as theirs:
                return self.residual(ours, theirs, flow)
            case DenseBlock() as ours, DenseBlock() as theirs:
                return self.dense(ours, theirs, flow)
        raise _unlike(mother, child)

    def head(self, mother: NetworkHead, child: NetworkHead, flow: Flow) -> None:
        """Widen and deepen the hidden layers; a ReLU does nothing to what a ReLU let through."""
        first = mother.hidden[0].linear if len(mother.hidden) else mother.classifier
        flow = flow.flattened(first.in_features // flow.width)
        for position, layer in enumerate(child.hidden):
            linear = layer.linear
            if position < len(mother.hidden):
                ours = mother.hidden[position].linear
                grown = self._choose(ours.out_features, linear.out_features, flow)
                self._linear(ours, linear, flow, grown)
            else:
                grown = self._choose(flow.width, linear.out_features, flow)
                linear.weight.copy_(self._identity(linear.weight, flow, grown))
                linear.bias.zero_()
            flow = grown
        classes = Flow.same(mother.classifier.out_features, flow.source.device)
        self._linear(mother.classifier, child.classifier, flow, classes)

    def plain(self, mother: PlainBlock, child: PlainBlock, flow: Flow) -> Flow:
        """Widen the layers that the MotherNet has, then insert the others as identities."""
        shared = len(mother.layers)
        for ours, theirs in zip(mother.layers, child.layers, strict=False):
            grown = self._widened(ours.conv, theirs.conv, flow)
            self._conv(ours.conv, theirs.conv, flow, grown)
            self._norm(ours.norm, theirs.norm, grown)
            flow = grown
        if shared == len(child.layers):
            return flow
        moments = self.moments.get(mother.layers) or estimated(mother.layers[-1].norm)
        for inserted in child.layers[shared:]:
            flow = self._insert_identity(inserted, flow, moments)
        return flow

    def residual(self, mother: ResidualBlock, child: ResidualBlock, flow: Flow) -> Flow:
        """Grow the units around one flow, the stream; insert the others as units that add zero."""
        shared = len(mother.layers)
        stream = self._shortcut(mother.layers[0].shortcut, child.layers[0].shortcut, flow)
        for ours, theirs in zip(mother.layers, child.layers, strict=False):
            self._body(ours, theirs, flow, stream)
            flow = stream
        for inserted in child.layers[shared:]:
            initialise(inserted, self.generator)
            if isinstance(inserted, PreactivatedUnit):
                inserted.convs[-1].weight.zero_()
            else:
                inserted.norms[-1].weight.zero_()
        self._closing(mother.closing, child.closing, stream)
        return stream

    def dense(self, mother: DenseBlock, child: DenseBlock, flow: Flow) -> Flow:
        """Grow the layers and what reads them; insert the others, which nothing reads yet."""
        shared = len(mother.layers)
        for ours, theirs in zip(mother.layers, child.layers, strict=False):
            growth = self._widened(ours.convs[-1], theirs.convs[-1], flow)
            self._body(ours, theirs, flow, growth)
            flow = flow.joined(growth)
        for inserted in child.layers[shared:]:
            initialise(inserted, self.generator)
            flow = flow.extended(inserted.convs[-1].out_channels)
        if mother.transition is not None and child.transition is not None:
            conv, wider = mother.transition.conv, child.transition.conv
            grown = self._widened(conv, wider, flow)
            self._norm(mother.transition.norm, child.transition.norm, flow)
            self._conv(conv, wider, flow, grown)
            flow = grown
        self._closing(mother.closing, child.closing, flow)
        return flow

    def _insert_identity(self, unit: ConvUnit, flow: Flow, moments: Moments) -> Flow:
        """Make *unit* copy the flow: its batch norm undoes the *moments* that it will see."""
        grown = self._choose(flow.width, unit.conv.out_channels, flow)
        centre = unit.conv.kernel_size[0] // 2
        identity = self._identity(unit.conv.weight, flow, grown)
        unit.conv.weight.zero_()
        unit.conv.weight[:, :, centre, centre] = identity
        mean, variance = (moment[grown.source] for moment in moments)
        norm = unit.norm.state_dict()  # the tensors themselves, not copies
        norm["running_mean"].copy_(mean)
        norm["running_var"].copy_(variance)
        norm["weight"].copy_((variance + unit.norm.eps).sqrt())
        norm["bias"].copy_(mean)
        return grown

    def _identity(self, like: Tensor, flow: Flow, grown: Flow) -> Tensor:
        """Return the matrix ``(channels of grown, channels of flow)`` that copies the flow."""
        eye = torch.eye(flow.width, dtype=like.dtype, device=like.device)
        return expanded(eye, flow, grown, self.split)

    def _shortcut(self, mother: Shortcut, child: Shortcut, flow: Flow) -> Flow:
        """Grow a block's shortcut; what leaves it is the block's stream."""
        match mother, child:
            case nn.Identity(), nn.Identity():
                return flow
            case Padding() as ours, Padding() as theirs:
                stream = self._choose(len(ours.source), len(theirs.source), flow)
                _fill_padding(ours, theirs, flow, stream)
            case nn.Conv2d() as conv, nn.Conv2d() as wider:
                stream = self._widened(conv, wider, flow)
                self._conv(conv, wider, flow, stream)
            case Projection() as ours, Projection() as theirs:
                stream = self._widened(ours.conv, theirs.conv, flow)
                self._conv(ours.conv, theirs.conv, flow, stream)
                self._norm(ours.norm, theirs.norm, stream)
            case _:
                raise _unlike(mother, child)
        return stream

    def _body(self, mother: _Unit, child: _Unit, start: Flow, end: Flow) -> None:
        """Grow what a residual unit or a dense layer adds, convolution by convolution."""
        convs = list(zip(mother.convs, child.convs, strict=True))
        norms = list(zip(mother.norms, child.norms, strict=True))
        inner = [self._widened(*pair, start) for pair in convs[:-1]]
        flows = [start, *inner, end]
        # Batch norm stands before each convolution, or behind it.
        behind = 1 if isinstance(child, ResidualUnit) else 0
        for position, (conv, norm) in enumerate(zip(convs, norms, strict=True)):
            self._conv(*conv, flows[position], flows[position + 1])
            self._norm(*norm, flows[position + behind])

    def _widened(self, mother: nn.Conv2d, child: nn.Conv2d, like: Flow) -> Flow:
        return self._choose(mother.out_channels, child.out_channels, like)

    def _conv(self, mother: nn.Conv2d, child: nn.Conv2d, inputs: Flow, outputs: Flow) -> None:
        """Replicate filters along both flows, framed by zeros where the child's are larger."""
        border = (child.kernel_size[0] - mother.kernel_size[0]) // 2
        kernel = expanded(mother.weight, inputs, outputs, self.split)
        child.weight.copy_(nn.functional.pad(kernel, [border] * 4))
        self.origins[child.weight] = Origin(mother.weight, outputs, inputs)

    def _linear(self, mother: nn.Linear, child: nn.Linear, inputs: Flow, outputs: Flow) -> None:
        """Replicate a linear layer along both flows."""
        child.weight.copy_(expanded(mother.weight, inputs, outputs, self.split))
        child.bias.copy_(mother.bias[outputs.source])
        self.origins[child.weight] = Origin(mother.weight, outputs, inputs)
        self.origins[child.bias] = Origin(mother.bias, outputs)

    def _norm(self, mother: nn.BatchNorm2d, child: nn.BatchNorm2d, flow: Flow) -> None:
        """Replicate batch norm with its channels; that of new channels stays as built."""
        ours = mother.state_dict()
        for name, values in child.state_dict().items():  # the tensors themselves, not copies
            if values.ndim:
                repeated = ours[name][flow.source.clamp_min(0)]
                values.copy_(torch.where(flow.is_new, values, repeated))
            else:  # the number of batches
                values.copy_(ours[name])
        self.origins[child.weight] = Origin(mother.weight, flow)
        self.origins[child.bias] = Origin(mother.bias, flow)

    def _closing(self, mother: NormRelu | None, child: NormRelu | None, flow: Flow) -> None:
        """Replicate the batch norm that closes a block, if it has one."""
        if mother is not None and child is not None:
            self._norm(mother.norm, child.norm, flow)

    def _choose(self, width: int, wider: int, like: Flow) -> Flow:
        return Flow.widened(width, wider, like.source.device, self.generator)


def _fill_padding(mother: Padding, child: Padding, flow: Flow, stream: Flow) -> None:
    """Let each channel of the stream read a replica of what the MotherNet's channel reads."""
    zeros = len(flow.source)  # for the MotherNet's zeros, and channels without a replica
    first = flow.source.new_full((flow.width + 1,), zeros)
    repeated = ~flow.is_new
    positions = torch.arange(len(flow.source), device=first.device)
    first[flow.source[repeated].flip(0)] = positions[repeated].flip(0)
    child.source.copy_(first[mother.source[stream.source]])


def _unlike(mother: nn.Module, child: nn.Module) -> TypeError:
    return TypeError(f"a {type(child).__name__} cannot grow from a {type(mother).__name__}")
