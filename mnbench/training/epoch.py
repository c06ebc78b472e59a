"""An epoch under way: its random draws, and what its batches have come to so far.

All that a process needs to go on in the middle of an epoch is here, the network and its optimiser
apart. So an interrupted epoch ends with the same bits as an undisturbed one.

Open it to let an epoch draw something else. The trap: another draw, or another order of draws,
changes the bits of every training.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

import numpy as np
import torch
from torch import Tensor

from mnbench.planning.seeds import derive_seed
from mnbench.training.device import NO_TIME, Reading

NEEDED = {"losses", "accuracies", "generator", "layers"}  # the tensors of every interrupted epoch


@dataclass
class Epoch:
    """An epoch under way."""

    generator: torch.Generator  # draws the order of the images, and their augmentation
    losses: list[float] = field(default_factory=list)  # of each batch that is done
    accuracies: list[float] = field(default_factory=list)  # likewise, fractions
    reading: Reading = field(default=NO_TIME)  # the time that they took

    @classmethod
    def begin(cls, number: int, seed: int) -> Self:
        """Return an epoch that begins; what layers draw themselves is seeded as well.

        Args:
            number: 1-based.
            seed: the training's.
        """
        generator = torch.Generator().manual_seed(derive_seed(seed, "epoch", number))
        torch.manual_seed(derive_seed(seed, "layers", number))  # of every device
        return cls(generator)

    def saved(self, device: torch.device) -> "SavedEpoch":
        """Return what a later process needs to go on behind the batches that are done.

        Args:
            device: where it trains.
        """
        states = {
            "losses": torch.tensor(self.losses),
            "accuracies": torch.tensor(self.accuracies),
            "generator": self.generator.get_state(),
            "layers": torch.get_rng_state(),
        }
        if device.type == "cuda":
            states["layers_on_gpu"] = torch.cuda.get_rng_state(device)
        return SavedEpoch(self.reading, states)

    def resume(self, saved: "SavedEpoch", device: torch.device) -> None:
        """Go on where a former process stopped; the order of the images is drawn before."""
        self.reading = saved.reading
        self.losses = saved.states["losses"].tolist()
        self.accuracies = saved.states["accuracies"].tolist()
        self.generator.set_state(saved.states["generator"])
        torch.set_rng_state(saved.states["layers"])
        if device.type == "cuda" and "layers_on_gpu" in saved.states:
            torch.cuda.set_rng_state(saved.states["layers_on_gpu"], device)


@dataclass(frozen=True, eq=False)
class SavedEpoch:
    """An interrupted epoch as a checkpoint holds it."""

    reading: Reading  # the time that its batches took
    states: Mapping[str, Tensor]  # by name, on the CPU

    @property
    def steps(self) -> int:
        """The number of batches that are done."""
        return len(self.states["losses"])

    def to_json(self) -> str:
        """Return all but the tensors."""
        return json.dumps({"reading": asdict(self.reading)})

    @classmethod
    def from_json(cls, text: str, states: Mapping[str, Tensor]) -> Self:
        """Return what :meth:`to_json` and the tensors came from.

        Raises:
            KeyError, TypeError, ValueError: the text or the tensors are not of this version.
        """
        if missing := NEEDED - states.keys():
            raise ValueError(f"of another version of mnbench, without {sorted(missing)}")
        return cls(Reading(**json.loads(text)["reading"]), states)


def accuracies_of(
    guesses: Sequence[Tensor], labels: Tensor, batches: Sequence[Tensor]
) -> list[float]:
    """Return the accuracy of each batch, a fraction.

    All at once: on a CPU each small operation between two steps finds its code out of cache.

    Args:
        guesses: predicted classes of the first batches, int64 ``(n,)`` or ``(networks, n)`` each.
        labels: of all training images, int64.
        batches: positions of each batch's images in them, int64 ``(n,)``.
    """
    if not guesses:
        return []
    done = batches[: len(guesses)]
    correct = (torch.cat(list(guesses), dim=-1) == labels[torch.cat(list(done))]).float().cpu()
    sizes = [len(indices) for indices in done]
    return [float(part.mean()) for part in correct.split(sizes, dim=-1)]


def epoch_mean(means: Sequence[float], sizes: Sequence[int]) -> float:
    """Return the mean over an epoch's images of a quantity, from its mean in each batch.

    It is added up in float32, batch after batch: histories keep their bits.

    Args:
        means: of each batch.
        sizes: the images of each batch.

    >>> epoch_mean([1.0, 4.0], [2, 1])
    2.0
    """
    sums = np.asarray(means, np.float32) * np.asarray(sizes, np.float32)
    return float(np.add.accumulate(sums)[-1] / np.float32(sum(sizes)))
