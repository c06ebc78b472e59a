"""Divergence: a loss that is no finite number ends a training.

Open it to change when a training is given up. The trap: on a GPU each look at a loss waits for the
device, so there losses are looked at in groups. The step that is named is the first all the same.
"""

import math

import torch
from torch import Tensor

from mnbench.errors import UserError

STEPS_BETWEEN_LOOKS = {"cpu": 1, "cuda": 50}


class Diverged(UserError):
    """Raised when a training's loss is no finite number."""


class LossWatch:
    """The losses of one epoch's steps, watched for the first that is not finite.

    Args:
        steps: in the epoch.
        epoch: 1-based, for the message.
        rate_key: the configuration's key of the learning rate, for the message.
        device: where the losses are.
        done: the steps that a former process has done and watched.
    """

    def __init__(
        self, steps: int, epoch: int, rate_key: str, device: torch.device, *, done: int = 0
    ) -> None:
        self._losses = torch.zeros(steps, device=device)
        self._rates = [0.0] * done
        self._epoch, self._rate_key = epoch, rate_key
        self._every = STEPS_BETWEEN_LOOKS[device.type]

    def add(self, loss: Tensor, rate: float) -> None:
        """Take the loss of the next step, and the learning rate of that step.

        Raises:
            Diverged: a loss was not finite.
        """
        step = len(self._rates)
        self._losses[step] = loss.detach()
        self._rates.append(rate)
        if (step + 1) % self._every == 0 or step + 1 == len(self._losses):
            self.look()

    def check_validation(self, loss: float) -> None:
        """Check the loss on the validation images after the epoch.

        Raises:
            Diverged: it is not finite.
        """
        if not math.isfinite(loss):
            last = len(self._rates) - 1
            raise self._diverged(f"the validation loss after it is {loss}", last)

    def look(self) -> None:
        """Check the losses of the last steps: those that no look has seen are among them.

        Raises:
            Diverged: a loss was not finite.
        """
        begin = max(0, len(self._rates) - self._every)
        for step, loss in enumerate(self._losses[begin : len(self._rates)].tolist(), begin):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss}", step)

    def _diverged(self, what: str, step: int) -> Diverged:
        return Diverged(
            f"epoch {self._epoch}, step {step + 1}: {what}, at learning rate "
            f"{self._rates[step]:.3g}; lower key '{self._rate_key}'"
        )
