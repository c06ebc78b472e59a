"""A teacher: a trained network whose predictions another network learns from.

Open it to distil from a network in another way. The trap: the teacher's work is billed, so it must
predict inside the steps of the loop.
"""

import torch
from torch import Tensor, nn

from mnbench.planning.recipe import Augmentation
from mnbench.training.data import TrainingSet
from mnbench.training.loop import Batch, together


class Teacher:
    """A network that predicts batches of training images.

    Without augmentation the prediction for an image never changes. The teacher then predicts the
    whole training set once: at the first batch, on the training's clock. With augmentation it
    predicts each batch as it comes.
    """

    def __init__(self, network: nn.Module, data: TrainingSet, augmentation: Augmentation) -> None:
        self._network = network.eval().requires_grad_(False)
        self._data = data
        self.predicts_once = augmentation == Augmentation()
        self._predictions: Tensor | None = None

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Tensor:
        """Return logits ``(n, classes)`` for a batch of n images."""
        if not self.predicts_once:
            return self._network(batch.images)
        if self._predictions is None:
            parts, normalise = together(self._data.train.images), self._data.normalise
            self._predictions = torch.cat([self._network(normalise(part)) for part in parts])
        return self._predictions[batch.indices]
