"""Divergence: a loss that is no finite number ends a training.

Open it to change when a training is given up. The trap: losses are looked at in groups, since on a
GPU each look waits for the device. The step that is named is the first all the same.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mnbench.errors import UserError

STEPS_BETWEEN_LOOKS = {"cpu": 10, "cuda": 50}


class Diverged(UserError):
    """Raised when a training's loss is no finite number."""


class LossWatch:
    """The losses of one epoch's steps, watched for the first that is not finite.

    Args:
        epoch: 1-based, for the message.
        rate_key: the configuration's key of the learning rate, for the message.
        device: where the losses are.
        rates: the learning rates of all the epoch's steps.
        losses: of the steps that a former process has done.
    """

    def __init__(
        self,
        epoch: int,
        rate_key: str,
        device: torch.device,
        rates: Sequence[float],
        losses: Sequence[float] = (),
    ) -> None:
        self._losses, self._rates = list(losses), rates
        self._unseen: list[Tensor] = []
        self._epoch, self._rate_key = epoch, rate_key
        self._every = STEPS_BETWEEN_LOOKS[device.type]

    def add(self, loss: Tensor) -> None:
        """Take the loss of the next step.

        Raises:
            Diverged: a loss was not finite.
        """
        self._unseen.append(loss.detach())
        if len(self._unseen) == self._every:
            self._look()

    def losses(self) -> list[float]:
        """Return the losses of all steps that were done.

        Raises:
            Diverged: a loss was not finite.
        """
        if self._unseen:
            self._look()
        return self._losses

    def check_validation(self, loss: float) -> None:
        """Check the loss on the validation images after the epoch.

        Raises:
            Diverged: it is not finite.
        """
        if not math.isfinite(loss):
            raise self._diverged(
                f"the validation loss after it is {loss}", step=len(self._rates) - 1
            )

    def _look(self) -> None:
        for loss in torch.stack(self._unseen).tolist():
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss}", len(self._losses))
            self._losses.append(loss)
        self._unseen.clear()

    def _diverged(self, what: str, step: int) -> Diverged:
        return Diverged(
            f"epoch {self._epoch}, step {step + 1}: {what}, at learning rate "
            f"{self._rates[step]:.3g}; lower key '{self._rate_key}'"
        )
