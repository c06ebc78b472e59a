"""An epoch under way: its random draws, and what its batches have come to so far.

All that a process needs to go on in the middle of an epoch is here, the network and its optimiser
apart. So an interrupted epoch ends with the same bits as an undisturbed one.

Open it to let an epoch draw something else. The trap: another draw, or another order of draws,
changes the bits of every training.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

import torch
from torch import Tensor

from mnbench.planning.seeds import derive_seed
from mnbench.training.device import NO_TIME, Reading


@dataclass
class Epoch:
    """An epoch under way."""

    generator: torch.Generator  # draws the order of the images, and their augmentation
    totals: Tensor  # float32 (2,) on the device: the summed loss, the correct predictions
    steps: int = 0  # batches done
    earlier: Reading = field(default=NO_TIME)  # the time that former processes spent on it

    @classmethod
    def begin(cls, number: int, seed: int, device: torch.device) -> Self:
        """Return an epoch that begins; what layers draw themselves is seeded as well.

        Args:
            number: 1-based.
            seed: the training's.
            device: where it trains.
        """
        generator = torch.Generator().manual_seed(derive_seed(seed, "epoch", number))
        torch.manual_seed(derive_seed(seed, "layers", number))  # of every device
        return cls(generator, torch.zeros(2, device=device))

    def count(self, loss: Tensor, accuracy: Tensor, images: int) -> None:
        """Count a batch that is done.

        Args:
            loss: the mean over its images, a scalar.
            accuracy: a fraction, a scalar.
            images: how many there are.
        """
        self.totals += torch.stack([loss.detach().float(), accuracy]) * images
        self.steps += 1

    def saved(self, reading: Reading) -> "SavedEpoch":
        """Return what a later process needs to go on behind the batches that are done.

        Args:
            reading: the time that this process spent on the epoch.
        """
        states = {
            "totals": self.totals.cpu(),
            "generator": self.generator.get_state(),
            "layers": torch.get_rng_state(),
        }
        device = self.totals.device
        if device.type == "cuda":
            states["layers_on_gpu"] = torch.cuda.get_rng_state(device)
        return SavedEpoch(self.steps, self.earlier + reading, states)

    def resume(self, saved: "SavedEpoch") -> None:
        """Go on where a former process stopped; the order of the images is drawn before."""
        self.steps, self.earlier = saved.steps, saved.reading
        self.totals.copy_(saved.states["totals"])
        self.generator.set_state(saved.states["generator"])
        torch.set_rng_state(saved.states["layers"])
        device = self.totals.device
        if device.type == "cuda" and "layers_on_gpu" in saved.states:
            torch.cuda.set_rng_state(saved.states["layers_on_gpu"], device)


@dataclass(frozen=True, eq=False)
class SavedEpoch:
    """An interrupted epoch as a checkpoint holds it."""

    steps: int  # batches done
    reading: Reading  # the time that they took
    states: Mapping[str, Tensor]  # by name, on the CPU

    def to_json(self) -> str:
        """Return all but the tensors."""
        return json.dumps({"steps": self.steps, "reading": asdict(self.reading)})

    @classmethod
    def from_json(cls, text: str, states: Mapping[str, Tensor]) -> Self:
        """Return what :meth:`to_json` and the tensors came from.

        Raises:
            KeyError, TypeError, ValueError: the text is not of this version.
        """
        values = json.loads(text)
        return cls(values["steps"], Reading(**values["reading"]), states)
