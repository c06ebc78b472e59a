"""A record's weights, read back: the tensors of its file, and its one network with them.

Open it when a record's network is to be used again: hatched from, taught by, looked into. The trap:
a record may keep its optimiser's momentum in the same file, which is no weight of the network.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mnbench.architectures import Architecture, build
from mnbench.datasets import Dataset
from mnbench.errors import UserError
from mnbench.records.checksums import check_file
from mnbench.records.record import KEPT_MOMENTUM, WEIGHTS, read_record
from mnbench.records.refusal import RETRAIN


def recorded_network(directory: Path, dataset: Dataset, device: torch.device) -> nn.Module:
    """Return the one network of a record with its trained weights, on a device.

    Args:
        directory: the record's folder.
        dataset: what the network's images are of.
        device: where the network goes, channels last.

    Raises:
        UserError: the weights are missing, altered, damaged or of another architecture.
    """
    record = read_record(directory)
    shape: dict[str, Any] = dataset.image_shape
    network = build(Architecture.from_dict(record.networks[0]["architecture"]), **shape)
    weights = {
        name: value
        for name, value in recorded_tensors(directory).items()
        if not name.startswith(KEPT_MOMENTUM)
    }
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise _not_weights(directory, error) from error
    return network.to(device).to(memory_format=torch.channels_last)


def recorded_tensors(directory: Path) -> dict[str, Tensor]:
    """Return what a record's file of weights holds, by name, on the CPU.

    Raises:
        UserError: the file is missing, altered or damaged.
    """
    check_file(directory, read_record(directory), WEIGHTS)
    try:
        return load_file(directory / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise _not_weights(directory, error) from error


def recorded_momentum(directory: Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the momentum that a record keeps, on its network's device.

    Args:
        directory: the record's folder.
        network: the record's, as :func:`recorded_network` returns it.

    Raises:
        UserError: the file is damaged, or the momentum of a parameter is missing or no number.
    """
    tensors = recorded_tensors(directory)
    momentum = {}
    for name, parameter in network.named_parameters():
        kept = tensors.get(KEPT_MOMENTUM + name)
        if kept is None or kept.shape != parameter.shape or not kept.isfinite().all():
            raise UserError(
                f"{directory / WEIGHTS}: the momentum of {name} is missing or not that of this "
                f"record's network; {RETRAIN}"
            )
        momentum[name] = kept.to(parameter.device)
    return momentum


def _not_weights(directory: Path, error: Exception) -> UserError:
    reason = str(error).splitlines()[0]
    return UserError(
        f"{directory / WEIGHTS}: not the weights of this record's network ({reason}); {RETRAIN}"
    )
