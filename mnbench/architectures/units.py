"""The smallest parts of a network as torch modules: convolutions with batch norm, and shortcuts.

Open this module to see how one layer computes. The trap: the order in which a class sets its
children is part of the weights' format. It decides the names and the order of a record's tensors.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar, cast, overload

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class TypedSequential(nn.Sequential, Generic[M]):
    """Modules of one class one after the other, like ``nn.Sequential``.

    The only addition is for type checkers: the items have a type.
    """

    def __init__(self, modules: Iterable[M] = ()) -> None:
        super().__init__(*modules)

    def __iter__(self) -> Iterator[M]:
        return cast(Iterator[M], super().__iter__())

    @overload
    def __getitem__(self, index: slice) -> "TypedSequential[M]": ...

    @overload
    def __getitem__(self, index: int) -> M: ...

    def __getitem__(self, index: slice | int) -> "TypedSequential[M] | M":
        modules = list(self)
        return TypedSequential(modules[index]) if isinstance(index, slice) else modules[index]


class NormRelu(nn.Module):
    """Batch norm and ReLU on ``(n, channels, h, w)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        """Return the activations, of the same shape."""
        return self.relu(self.norm(images))


class BareConv(nn.Module):
    """A convolution alone ("same" padding, no bias)."""

    def __init__(self, inputs: int, filters: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = convolution(inputs, filters, kernel, stride)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, filters, h / stride, w / stride)``, rounded up."""
        return self.conv(images)


class ConvUnit(nn.Module):
    """A convolution ("same" padding, no bias), batch norm and, if *activated*, ReLU."""

    def __init__(
        self, inputs: int, filters: int, kernel: int, stride: int = 1, *, activated: bool = True
    ) -> None:
        super().__init__()
        self.conv = convolution(inputs, filters, kernel, stride)
        self.norm = nn.BatchNorm2d(filters)
        self.relu = nn.ReLU(inplace=True) if activated else None

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, filters, h / stride, w / stride)``, rounded up."""
        normalised = self.norm(self.conv(images))
        return normalised if self.relu is None else self.relu(normalised)


class PreactivatedConv(nn.Module):
    """Batch norm, ReLU and a convolution ("same" padding, no bias)."""

    def __init__(self, inputs: int, filters: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv = convolution(inputs, filters, kernel, stride)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, filters, h / stride, w / stride)``, rounded up."""
        return self.conv(self.relu(self.norm(images)))


class Padding(nn.Module):
    """A shortcut without parameters: every stride-th pixel of some channels, and zeros.

    Attributes:
        source: int64 ``(outputs,)``, the channel that each output repeats. The number of inputs
            stands for zeros. Hatching rearranges it.
    """

    source: Tensor

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.register_buffer("source", torch.arange(outputs).clamp_max(inputs))

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, outputs, h / stride, w / stride)``, rounded up."""
        pixels = images[:, :, :: self.stride, :: self.stride].permute(0, 2, 3, 1)
        return nn.functional.pad(pixels, (0, 1))[..., self.source].permute(0, 3, 1, 2)


class Projection(nn.Module):
    """A shortcut that changes the shape: a 1x1 convolution and batch norm."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv = convolution(inputs, outputs, 1, stride)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, outputs, h / stride, w / stride)``, rounded up."""
        return self.norm(self.conv(images))


# A preactivated unit projects by a bare nn.Conv2d, whose weights have no name of their own.
Shortcut = nn.Identity | Padding | Projection | nn.Conv2d


class ResidualUnit(nn.Module):
    """A unit that adds its body's output to the shortcut's, then ReLU (He et al. 2016, a)."""

    def __init__(self, body: TypedSequential[ConvUnit], shortcut: Shortcut) -> None:
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, stream: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to the same with the block's width and stride."""
        return (self.body(stream) + self.shortcut(stream)).relu_()

    @property
    def convs(self) -> list[nn.Conv2d]:
        """The body's convolutions in order."""
        return [step.conv for step in self.body]

    @property
    def norms(self) -> list[nn.BatchNorm2d]:
        """The batch norm behind each of the body's convolutions."""
        return [step.norm for step in self.body]


class PreactivatedUnit(nn.Module):
    """A unit that adds its body's output to the bare stream (He et al. 2016, b)."""

    def __init__(
        self,
        activation: NormRelu,
        body: TypedSequential[BareConv | PreactivatedConv],
        shortcut: Shortcut,
    ) -> None:
        super().__init__()
        self.activation, self.body, self.shortcut = activation, body, shortcut

    def forward(self, stream: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to the same with the block's width and stride."""
        activated = self.activation(stream)
        # A projection reads the activated stream; a shortcut without weights keeps the bare one.
        shared = activated if isinstance(self.shortcut, nn.Conv2d) else stream
        return self.body(activated) + self.shortcut(shared)

    @property
    def convs(self) -> list[nn.Conv2d]:
        """The body's convolutions in order."""
        return [step.conv for step in self.body]

    @property
    def norms(self) -> list[nn.BatchNorm2d]:
        """The batch norm before each of the body's convolutions."""
        steps = [step for step in self.body if isinstance(step, PreactivatedConv)]
        return [self.activation.norm, *(step.norm for step in steps)]


class DenseLayer(nn.Module):
    """A layer that adds its body's output to the channels so far (Huang et al. 2017)."""

    def __init__(self, body: TypedSequential[PreactivatedConv]) -> None:
        super().__init__()
        self.body = body

    def forward(self, channels: Tensor) -> Tensor:
        """Map ``(n, channels, h, w)`` to ``(n, channels + growth, h, w)``."""
        return torch.cat([channels, self.body(channels)], dim=1)

    @property
    def convs(self) -> list[nn.Conv2d]:
        """The body's convolutions in order."""
        return [step.conv for step in self.body]

    @property
    def norms(self) -> list[nn.BatchNorm2d]:
        """The batch norm before each of the body's convolutions."""
        return [step.norm for step in self.body]


def convolution(inputs: int, filters: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution with "same" padding and no bias."""
    return nn.Conv2d(inputs, filters, kernel, stride, padding=kernel // 2, bias=False)
