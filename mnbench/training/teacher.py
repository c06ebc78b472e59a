"""A teacher: a trained network whose predictions another network learns from.

Open it to distil from a network in another way. The trap: the teacher's work is billed, so it must
predict inside the steps of the loop, and only what the bill has already outside of them.
"""

import torch
from torch import Tensor, nn

from mnbench.planning.recipe import Augmentation
from mnbench.training.data import TrainingSet
from mnbench.training.loop import Batch, together


class Teacher:
    """A network that predicts batches of training images.

    Without augmentation the prediction for an image never changes. The teacher then predicts the
    whole training set once: at the first batch, on the training's clock. A process that resumes
    the training needs the predictions again, and makes them off the clock. With augmentation the
    teacher predicts each batch as it comes.
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
        return self._kept()[batch.indices]

    @torch.no_grad()
    def predict_beforehand(self) -> None:
        """Predict the training set, if that is to be done once and is not done yet."""
        if self.predicts_once:
            self._kept()

    def _kept(self) -> Tensor:
        """Return logits ``(images, classes)`` for the whole training set."""
        if self._predictions is None:
            parts, normalise = together(self._data.train.images), self._data.normalise
            self._predictions = torch.cat([self._network(normalise(part)) for part in parts])
        return self._predictions
