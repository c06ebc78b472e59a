"""A calibration: what steps cost on this machine, kept in a small file so that it is measured once.

Open it to learn what the file holds, or when it is used. The trap: seconds of another machine, of
another torch or of another number of trainings side by side are no measure of this one, so such a
file is refused and never mixed.
"""

import json
import os
import platform
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from mnbench.cores import cores_of_this_process
from mnbench.errors import UserError, cause
from mnbench.files import read_json, write_text
from mnbench.planning.parsing import parse
from mnbench.planning.recipe import CONFIG
from mnbench.timing.kinds import Sizes
from mnbench.training.gpus import usable_gpus
from mnbench.training.slots import gpu_jobs

_CACHE = Path("results/.cache")  # below the working directory
CALIBRATION_FORMAT = 1
AGAIN = "measure it anew with --calibrate"


@checked(frozen=True, config=CONFIG)
class Machine:
    """What the seconds of a calibration hold for."""

    name: str
    processor: str
    device: str  # "cpu" or "cuda"
    devices: int  # trainings side by side while it was measured
    torch: str

    @property
    def file(self) -> Path:
        """Where its calibration is kept; of CPU and GPU each has its own."""
        return _CACHE / f"calibration-{self.device}.json"

    @classmethod
    def here(cls, wanted: str) -> "Machine":
        """Return this machine, with a training in each slot of a GPU, or else on each core.

        Args:
            wanted: a study's ``device``: "auto", "cpu" or "cuda".

        Raises:
            UserError: the environment says of GPUs what cannot be.
        """
        gpus = usable_gpus(wanted)
        return cls(
            platform.node(),
            gpus[0].name if gpus else f"{platform.machine()}, {os.cpu_count()} cores",
            "cuda" if gpus else "cpu",
            gpu_jobs() * len(gpus) or cores_of_this_process().usable,
            version("torch"),
        )


@checked(frozen=True, config=CONFIG)
class MeasuredKind:
    """The seconds of one kind of step."""

    key: str  # of the kind
    manner: str  # kinds of one manner predict each other
    batch_size: int = Field(gt=0)  # in which it was measured
    training_flops: int = Field(ge=0)
    forward_flops: int = Field(ge=0)
    elements: int = Field(ge=0)
    operations: int = Field(ge=0)
    parameters: int = Field(ge=0)
    step_seconds: float = Field(gt=0)  # of a step of batch_size images
    forward_seconds: float = Field(gt=0)  # of predicting one image
    epoch_seconds: float = Field(ge=0)  # of saving an epoch, without validation

    @property
    def sizes(self) -> Sizes:
        """The sizes of its networks, together."""
        return Sizes(*(getattr(self, field.name) for field in fields(Sizes)))


@checked(frozen=True, config=CONFIG)
class Calibration:
    """What a machine needs for the steps of some kinds, and for what surrounds a training."""

    machine: Machine
    measured: Annotated[tuple[MeasuredKind, ...], Field(min_length=1)]
    job_seconds: float = Field(ge=0)  # of a job, beside its steps, validation and predictions
    device_share: float = Field(ge=0, le=1)  # of its device that each measuring process had


def read_calibration(file: Path, machine: Machine | None) -> Calibration | None:
    """Return what the file knows of a machine, or None if there is no file.

    Args:
        file: what :func:`write_calibration` wrote.
        machine: the one that it must be of; None takes any, as a cluster's node.

    Raises:
        UserError: the file is of another machine, or none that this version wrote.
    """
    try:
        content = read_json(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: not readable ({cause(error)}); {AGAIN}") from error
    if not isinstance(content, dict) or content.pop("format", None) != CALIBRATION_FORMAT:
        raise UserError(f"{file}: not a calibration of this version of mnbench; {AGAIN}")
    calibration = parse(Calibration, content, source=f"{file} ({AGAIN})")
    for field in fields(Machine) if machine else ():
        then, now = (getattr(one, field.name) for one in (calibration.machine, machine))
        if then != now:
            raise UserError(
                f"{file}: was measured with another {_WORDS[field.name]} ({then}, and here {now}); "
                f"{AGAIN}"
            )
    return calibration


_WORDS = {
    "name": "machine",
    "processor": "processor",
    "device": "device",
    "devices": "number of trainings side by side",
    "torch": "version of torch",
}


def write_calibration(file: Path, calibration: Calibration) -> None:
    """Write a calibration, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    write_text(
        file, json.dumps({"format": CALIBRATION_FORMAT, **asdict(calibration)}, indent=1) + "\n"
    )
