"""Checkpoints: files from which an interrupted training resumes.

One safetensors file holds the weights, the optimiser's momentum and the history so far, and a
checksum of all of them. A damaged checkpoint is reported and removed; the training begins anew.
One that this process cannot read is not damaged: it stays, and the job ends with the reason.
Between epochs random choices need no state: every epoch's generator is derived from the seed and
the epoch. A checkpoint of an epoch under way has them as well (:mod:`mnbench.training.epoch`).

A training may go on on another device. The seconds of both are then the sum of two speeds and no
timing: what was done before counts as done with no share of the device, for good.

Open it to keep more state of a training. The trap: the file must be no output of a rule, since
Snakemake deletes outputs before a job starts and after it fails.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mnbench.errors import UserError
from mnbench.files import only_a_file, remains
from mnbench.training.begun import BEGUN
from mnbench.training.epoch import SavedEpoch
from mnbench.training.optimiser import MOMENTUM
from mnbench.training.tensors import save_tensors

_NETWORK, _MOMENTA = "network", "momentum"  # the folders of their tensors
EPOCH = "epoch"  # the key of an epoch under way, and the folder of its tensors
_DEVICE = "device"  # the key of where it was saved
_NO_TIMING = 0.0  # a share of the device


def save(
    path: Path,
    identity: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    history: list[dict[str, Any]],
    epoch: SavedEpoch | None = None,
    *,
    device: str = "",
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        identity: the hash of all that decides the training.
        network: what is trained.
        optimiser: its optimiser.
        history: one row for every epoch done.
        epoch: the one under way, if there is one.
        device: what trains, as a line.

    Raises:
        UserError: the file cannot be written.
    """
    tensors = {f"{_NETWORK}/{key}": value for key, value in network.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        if state.get(MOMENTUM) is not None:
            tensors[f"{_MOMENTA}/{index}"] = state[MOMENTUM]
    content = {"identity": identity, "history": json.dumps(history), _DEVICE: device}
    if epoch is not None:
        tensors |= {f"{EPOCH}/{key}": value for key, value in epoch.states.items()}
        content[EPOCH] = epoch.to_json()
    tensors = {key: value.contiguous().cpu() for key, value in tensors.items()}
    save_tensors(tensors, path, content | {"checksum": _checksum(tensors, content)})


def restore(
    path: Path,
    identity: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    *,
    device: str = "",
) -> tuple[list[dict[str, Any]], SavedEpoch | None]:
    """Resume from a checkpoint of this very training, if it exists.

    Args:
        path: the file.
        identity: the hash of all that decides the training.
        network: gets the weights.
        optimiser: gets the momentum.
        device: what trains now, as a line.

    Returns:
        The history so far, empty when there is nothing to resume, and the epoch that was under
        way; their shares of the device are 0 if it was another device. A damaged file, or another
        network's, is nothing to resume either; it is removed, with a line on standard error, and
        network and optimiser stay as they are.

    Raises:
        UserError: the file is there and cannot be read.
    """
    only_a_file(path)
    if not _can_be_read(path):
        return [], None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            if metadata["identity"] != identity:
                return [], None  # the recipe has changed since
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        content = {key: metadata[key] for key in ("identity", "history")}
        # A former version did not say the device.
        content |= {key: metadata[key] for key in (_DEVICE, EPOCH) if key in metadata}
        if metadata["checksum"] != _checksum(tensors, content):
            raise ValueError("its content does not match its checksum")
        history = json.loads(metadata["history"])
        epoch = None
        if EPOCH in metadata:
            epoch = SavedEpoch.from_json(metadata[EPOCH], _below(EPOCH, tensors))
        _check_fit(tensors, network, _parameters(optimiser))
    except OSError as error:
        raise _cannot_read(path, error) from error
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        print(
            f"mnbench: {path}: damaged checkpoint ({reason}); this training begins anew",
            file=sys.stderr,
        )
        path.unlink(missing_ok=True)
        return [], None
    network.load_state_dict(_below(_NETWORK, tensors))
    for index, parameter in enumerate(_parameters(optimiser)):
        if (momentum := tensors.get(f"{_MOMENTA}/{index}")) is not None:
            value = torch.empty_like(parameter)  # keeps the parameter's memory format
            optimiser.state[parameter][MOMENTUM] = value.copy_(momentum)
    if metadata.get(_DEVICE, device) != device:
        history = [row | {"device_share": _NO_TIMING} for row in history]
        if epoch is not None:
            epoch = replace(epoch, reading=replace(epoch.reading, device_share=_NO_TIMING))
    return history, epoch


def discard(path: Path) -> None:
    """Remove a checkpoint, the counts beside it, and what killed processes left of either."""
    for file in (path, path.with_suffix(BEGUN), *remains(path)):
        file.unlink(missing_ok=True)


def _can_be_read(path: Path) -> bool:
    """Return whether there is a file; safetensors calls every file missing that it cannot open.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _cannot_read(path, error) from error
    return True


def _cannot_read(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path}: this training's checkpoint cannot be read ({error.strerror or error}); make it "
        "readable and run the same command again, or delete it, and the training begins anew"
    )


def _parameters(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [own for group in optimiser.param_groups for own in group["params"]]


def _check_fit(
    tensors: Mapping[str, Tensor], network: nn.Module, parameters: Sequence[nn.Parameter]
) -> None:
    """Check that a network and its momentum can take tensors over: torch itself copies what it can.

    Raises:
        ValueError: they are of another network.
    """
    weights = {name: value.shape for name, value in _below(_NETWORK, tensors).items()}
    wanted = {name: value.shape for name, value in network.state_dict().items()}
    momenta = {name: value.shape for name, value in _below(_MOMENTA, tensors).items()}
    shapes = {str(index): parameter.shape for index, parameter in enumerate(parameters)}
    if weights != wanted or not momenta.items() <= shapes.items():
        raise ValueError("it is another network's")


def _below(folder: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a folder, without it."""
    prefix = f"{folder}/"
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _checksum(tensors: Mapping[str, Tensor], content: Mapping[str, str]) -> str:
    """Return the SHA-256 of tensors and texts, in the order of their names."""
    digest = hashlib.sha256(json.dumps(dict(sorted(content.items()))).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
