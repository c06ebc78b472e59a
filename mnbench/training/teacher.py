"""A teacher: a trained network whose answers another network learns from."""

import torch
from torch import Tensor, nn

from mnbench.planning.recipe import Augmentation
from mnbench.training.loop import EVALUATION_BATCH, Batch, TrainingSet


class Teacher:
    """Answers batches of training images.

    Without augmentation an image's answer never changes: the teacher answers the whole training
    set once, at the first batch, and so on the training's clock. With augmentation it answers each
    batch as it comes.
    """

    def __init__(self, network: nn.Module, data: TrainingSet, augmentation: Augmentation) -> None:
        self._network = network.eval().requires_grad_(False)
        self._data = data
        self.answers_once = augmentation == Augmentation()
        self._answers: Tensor | None = None

    @torch.no_grad()
    def __call__(self, batch: Batch) -> Tensor:
        """Return logits ``(n, classes)``."""
        if not self.answers_once:
            return self._network(batch.images)
        if self._answers is None:
            images = self._data.train.images.split(EVALUATION_BATCH)
            normalise = self._data.normalise
            self._answers = torch.cat([self._network(normalise(part)) for part in images])
        return self._answers[batch.indices]
