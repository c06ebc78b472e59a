"""Compiling a network: its layers by their class, so that a hundred networks share their code.

The code of a layer serves all layers of its widths, kernel and stride, for any number and size of
images, and torch keeps it on the disk. So another network compiles only the layers that are new.
What lies between the layers stays as it is.

Open it when compiling takes long. The trap: past torch's limit of variants of a class, the rest
runs uncompiled, without an error.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mnbench.architectures.units import ConvUnit, DenseLayer, PreactivatedUnit, ResidualUnit

LAYERS = (ConvUnit, ResidualUnit, PreactivatedUnit, DenseLayer)
VARIANTS = 64  # of a class, in one process: by widths, kernel, stride and shortcut


def compile_layers(network: nn.Module, backend: str | Callable[..., Any] = "inductor") -> None:
    """Compile a network for training, in place; in eval mode it computes as before.

    Args:
        network: of this package's layers; another one, a library's, is compiled as a whole.
        backend: torch's name of a compiler, or a function in its place.
    """
    from torch._dynamo import config  # takes a second, and most trainings do not compile

    config.recompile_limit = VARIANTS
    layers = list(_outermost(network))
    dynamic = bool(layers)  # of a library's network sizes are compiled as they are
    layers = layers or [network]
    kinds = {type(layer) for layer in layers}
    compiled = {
        kind: torch.compile(kind.forward, dynamic=dynamic, backend=backend) for kind in kinds
    }
    for layer in layers:
        layer.forward = partial(_forward, layer, compiled[type(layer)])


def _outermost(module: nn.Module) -> Iterator[nn.Module]:
    """Yield a network's layers; of those within another one only the outer."""
    if isinstance(module, LAYERS):
        yield module
        return
    for child in module.children():
        yield from _outermost(child)


def _forward(layer: nn.Module, compiled: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    return compiled(layer, *inputs) if layer.training else type(layer).forward(layer, *inputs)
