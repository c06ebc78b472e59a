"""Prediction: a trained network's logits. The only code that opens the test images.

Open it to record predictions on another split. The trap: it is imported when a training is over;
an import at the top of a training module would let training code reach the test images.
"""

from pathlib import Path

import torch
from torch import nn

from mnbench.datasets.test_set import read_test
from mnbench.records.predictions import write_predictions
from mnbench.training.data import TrainingSet
from mnbench.training.loop import predict


def record_predictions(
    network: nn.Module, data: TrainingSet, test_data: Path, directory: Path
) -> None:
    """Write ``predictions.npz``: logits and labels of the validation and the test images.

    Args:
        network: trained; left in eval mode.
        data: what it was trained on, for the validation images and the normalisation.
        test_data: the file of the test images.
        directory: the record's folder.

    Raises:
        UserError: the file of the test images is missing or damaged.
    """
    test = read_test(test_data)
    device = data.validation.labels.device
    test_images = torch.from_numpy(test.images).to(device)
    write_predictions(
        directory,
        validation_logits=predict(network, data.validation.images, data.normalise).cpu().numpy(),
        validation_labels=data.validation.labels.cpu().numpy(),
        test_logits=predict(network, test_images, data.normalise).cpu().numpy(),
        test_labels=test.labels,
    )
