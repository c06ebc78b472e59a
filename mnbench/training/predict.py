"""Prediction: a trained network's logits. The only code that opens the test images.

Open it to record predictions on another split. The trap: it is imported when a training is over;
an import at the top of a training module would let training code reach the test images.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from mnbench.datasets.test_set import read_evaluation_set
from mnbench.records.predictions import write_predictions
from mnbench.training.data import DeviceImages, TrainingSet
from mnbench.training.loop import predict


def record_predictions(
    network: nn.Module, data: TrainingSet, unseen: Mapping[str, Path], directory: Path
) -> None:
    """Write ``predictions.npz``: logits and labels of the validation images and of those unseen.

    Args:
        network: trained; left in eval mode.
        data: what it was trained on, for the validation images and the normalisation.
        unseen: the files of the test images and, if a study has them, the development images, by
            name: of :data:`mnbench.datasets.EVALUATION_SETS`.
        directory: the record's folder.

    Raises:
        UserError: a file of unseen images is missing or damaged.
    """
    device = data.validation.labels.device
    sets = {"validation": data.validation} | {
        name: DeviceImages.of(read_evaluation_set(file, name), device)
        for name, file in unseen.items()
    }
    arrays = {}
    for name, images in sets.items():
        arrays[f"{name}_logits"] = predict(network, images.images, data.normalise).cpu().numpy()
        arrays[f"{name}_labels"] = images.labels.cpu().numpy()
    write_predictions(directory, **arrays)
