"""Checkpoints: files from which an interrupted training resumes.

One safetensors file holds the weights, the optimiser's momentum and the history so far. Random
choices need no state: every epoch's generator is derived from the seed and the epoch.

Open it to keep more state of a training. The trap: the file must be no output of a rule, since
Snakemake deletes outputs before a job starts and after it fails.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from mnbench.errors import UserError

_MOMENTUM = "momentum_buffer"


def save(
    path: Path,
    identity: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    history: list[dict[str, Any]],
) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: the file.
        identity: the hash of all that decides the training.
        network: what is trained.
        optimiser: its optimiser.
        history: one row for every epoch done.
    """
    tensors = {f"network/{key}": value for key, value in network.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        if state.get(_MOMENTUM) is not None:
            tensors[f"momentum/{index}"] = state[_MOMENTUM]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(
        {key: value.contiguous() for key, value in tensors.items()},
        partial,
        {
            "identity": identity,
            "history": json.dumps(history),
        },
    )
    partial.replace(path)


def restore(
    path: Path,
    identity: str,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> list[dict[str, Any]]:
    """Resume from a checkpoint of this very training, if it exists.

    Args:
        path: the file.
        identity: the hash of all that decides the training.
        network: gets the weights.
        optimiser: gets the momentum.

    Returns:
        The history so far; empty when there is nothing to resume.

    Raises:
        UserError: the file is damaged.
    """
    if not path.is_file():
        return []
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            if metadata["identity"] != identity:
                return []  # the recipe has changed since
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        history = json.loads(metadata["history"])
        prefix = "network/"
        network.load_state_dict(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path}: damaged checkpoint ({reason}); delete it to start this training anew"
        ) from error
    parameters = optimiser.param_groups[0]["params"]
    for index, parameter in enumerate(parameters):
        if (momentum := tensors.get(f"momentum/{index}")) is not None:
            value = torch.empty_like(parameter)  # keeps the parameter's memory format
            optimiser.state[parameter][_MOMENTUM] = value.copy_(momentum)
    return history
