"""Build and measure networks of the library timm, which are known by name.

Open this module when a timm model is refused. Measuring allocates no tensors. The trap: a
pretrained tag is part of the name, behind the point ("resnet18.a1_in1k").
"""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

import timm
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from mnbench.architectures.value import LIBRARY, Architecture
from mnbench.errors import UserError


@dataclass(frozen=True)
class Measured:
    """A network's size, and what one image costs."""

    parameters: int
    forward_flops: int
    training_flops: int  # forward and backward


def create(
    architecture: Architecture, in_channels: int, num_classes: int, *, pretrained: bool
) -> nn.Module:
    """Return timm's model (see :func:`mnbench.architectures.build`).

    Raises:
        UserError: timm lacks the model, or its weights cannot be downloaded or read.
    """
    name = _known(architecture)
    options: dict[str, Any] = {"in_chans": in_channels, "num_classes": num_classes}
    if not (pretrained and tag(name)):
        return timm.create_model(name, pretrained=False, **options)
    try:
        return timm.create_model(name, pretrained=True, **options)
    except Exception as error:  # downloading, caching, reading: each library raises its own
        raise cannot_fetch(architecture, error) from None


def cannot_fetch(architecture: Architecture, error: Exception) -> UserError:
    """Return the refusal of pretrained weights that cannot be downloaded or read."""
    model = library_name(architecture).partition(".")[0]
    return UserError(
        f"network '{architecture.name}': the pretrained weights of {architecture.library} cannot "
        f"be had ({_first_line(error)}); let timm download them into its cache while online, or "
        f"train from scratch with '{LIBRARY}{model}'"
    )


def measure(
    architecture: Architecture, image_size: int, in_channels: int, num_classes: int
) -> Measured:
    """Count a model's parameters, and its FLOPs with torch's own counter.

    Raises:
        UserError: timm lacks the model, or the model cannot take images of this shape.
    """
    name = _known(architecture)
    try:
        return _measure(name, image_size, in_channels, num_classes)
    except Exception as error:  # models assert, or let torch fail, each in its own way
        raise UserError(
            f"network '{architecture.name}': {architecture.library} cannot take images of "
            f"{image_size} pixels with {in_channels} channels ({_first_line(error)}); use another "
            "model"
        ) from None


@cache
def _measure(name: str, image_size: int, in_channels: int, num_classes: int) -> Measured:
    with torch.device("meta"):
        model = timm.create_model(name, in_chans=in_channels, num_classes=num_classes)
        # Two images, since batch norm cannot train on one value a channel.
        images = torch.zeros(2, in_channels, image_size, image_size)
    with torch.no_grad(), _counter() as forward:
        logits = model.eval()(images)
    if not isinstance(logits, torch.Tensor) or logits.shape != (2, num_classes):
        raise ValueError("it does not answer with one logit a class")
    with _counter() as training:
        model.train()(images).sum().backward()
    return Measured(
        sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        forward.get_total_flops() // 2,
        training.get_total_flops() // 2,
    )


def _counter() -> FlopCounterMode:
    backward = torch.ops.aten.convolution_backward
    return FlopCounterMode(display=False, custom_mapping={backward: _convolution_backward})


def _convolution_backward(
    grad_shape: list[int], images: list[int], weight: list[int], *arguments: Any, **_: Any
) -> int:
    """Return a forward pass's FLOPs for each gradient. Torch's own formula forgets about groups.

    *arguments*: bias, stride, padding, dilation, transposed, output padding, groups, output mask.
    """
    transposed, output_mask = arguments[4], arguments[7]
    return conv_flop_count(images, weight, grad_shape, transposed) * sum(output_mask[:2])


def _known(architecture: Architecture) -> str:
    """Return the name by which timm knows the model, with its tag.

    Raises:
        UserError: timm lacks the model, or its weights of this tag.
    """
    name = library_name(architecture)
    place = f"network '{architecture.name}'"
    if not timm.is_model(name):
        model = name.partition(".")[0]
        near = get_close_matches(model, timm.list_models(), n=3)
        raise UserError(
            f"{place}: timm has no model '{model}'; "
            + (f"near: {', '.join(near)}" if near else "timm.list_models() lists them")
        )
    if tag(name) and not timm.models.is_model_pretrained(name):
        model = name.partition(".")[0]
        tags = [known.partition(".")[2] for known in timm.list_pretrained(f"{model}.*")]
        raise UserError(
            f"{place}: timm has no weights '{tag(name)}' of {model}; "
            f"it has: {', '.join(tags) or 'none'}"
        )
    return name


def library_name(architecture: Architecture) -> str:
    """Return timm's name of a library network, with its tag."""
    return architecture.library.removeprefix(LIBRARY)


def tag(name: str) -> str:
    """Return the pretrained weights that a name asks for, behind the point; "" is none."""
    return name.partition(".")[2]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
