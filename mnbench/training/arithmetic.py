"""The arithmetic of a training's steps: which float format multiplications are made in.

Weights, momentum and evaluation stay in full float32. Open it to add a format. The trap: TF32 is a
setting of the whole process; whatever must be exact, as the check of hatching, runs outside.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import torch

Arithmetic = Literal["ieee", "tf32", "bfloat16"]
FIRST_WITH_TF32 = (8, 0)  # compute capability
_CONVOLUTIONS: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # torch hides it


def arithmetic_of(precision: str, device: torch.device) -> Arithmetic:
    """Return what a recipe's precision means on a device.

    Args:
        precision: the recipe's.
        device: where networks are trained.
    """
    if precision == "bfloat16":
        return "bfloat16"
    rounds = precision == "float32" and device.type == "cuda"
    if rounds and torch.cuda.get_device_capability(device) >= FIRST_WITH_TF32:
        return "tf32"
    return "ieee"


@contextmanager
def arithmetic(kind: Arithmetic) -> Iterator[None]:
    """Multiply in TF32 from here on if that is wanted, and in full float32 afterwards."""
    if kind != "tf32":
        yield
        return
    before = torch.get_float32_matmul_precision(), _CONVOLUTIONS.fp32_precision
    _set("high", "tf32")
    try:
        yield
    finally:
        _set(*before)


def _set(matrices: str, convolutions: str) -> None:
    # The first of the two keeps torch's former and present settings of it in agreement.
    torch.set_float32_matmul_precision(matrices)
    _CONVOLUTIONS.fp32_precision = convolutions


def forward_pass(kind: Arithmetic, device: torch.device) -> AbstractContextManager[Any]:
    """Return a context for a forward pass and its loss: bfloat16 where it is wanted and does."""
    return torch.autocast(device.type, torch.bfloat16) if kind == "bfloat16" else nullcontext()
