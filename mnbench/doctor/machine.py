"""Whether the machine can train: its cores, GPUs, disk, and what optional parts need.

Open it to change what `mnbench doctor` says of a machine. The trap: these checks run where packages
may be broken, so what needs one is imported in the check.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mnbench.cores import Cores
from mnbench.doctor.diagnosis import OK, PROBLEM, REMARK, Diagnosis
from mnbench.doctor.torch_probe import TorchAnswer

BUSY = 0.5  # of the cores: with more load beside it a run's times are no timing
COMPILERS = ("g++", "clang++", "c++")
BROWSER, DRIVER = "chromium", "chromedriver"


def check_cores(cores: Cores, load: float) -> list[Diagnosis]:
    """Return how many trainings can run at a time, and whether something else runs.

    Args:
        cores: of this process.
        load: processes that ran at a time in the last minute, of the whole machine.
    """
    said = f"{cores.shown} core{'s' * (cores.shown != 1)}"
    if cores.usable < cores.shown:
        text = f"{said} shown, but the container gets the time of {cores.given:.3g}"
        remedy = f"give snakemake --cores {cores.usable}, not all"
        diagnoses = [Diagnosis(REMARK, "cores", text, remedy)]
    else:
        diagnoses = [Diagnosis(OK, "cores", said)]
    if load > BUSY * cores.usable:
        text = f"{load:.1f} processes run: times measured now are no timing"
        diagnoses.append(
            Diagnosis(REMARK, "load", text, "compare by training_flops, which are exact")
        )
    return diagnoses


def check_devices(gpus: Sequence[str], torch: TorchAnswer) -> Diagnosis:
    """Return where trainings would run.

    Args:
        gpus: names of those that the driver shows.
        torch: what torch says.
    """
    if torch.fault:
        remedy = "run `make` anew; see versions above"
        return Diagnosis(PROBLEM, "device", f"torch cannot be imported: {torch.fault}", remedy)
    if gpus and not torch.gpus:
        built = f"CUDA {torch.built_for}" if torch.built_for else "CPUs alone"
        text = f"the driver shows {', '.join(gpus)}, torch sees none (built for {built})"
        remedy = "install a newer driver, or the torch of requirements.lock"
        return Diagnosis(REMARK, "device", text, remedy)
    if torch.gpus:
        return Diagnosis(OK, "device", ", ".join(gpus) or f"{torch.gpus} GPUs")
    return Diagnosis(OK, "device", "no GPU: trainings run on the CPU")


def check_room(folder: Path) -> Diagnosis:
    """Return how much disk a study's folder has; it need not be there yet."""
    from mnbench.planning.disk import GIGABYTE, REST_OF_STUDY, free_bytes

    free = free_bytes(folder)
    said = f"{free / GIGABYTE:.1f} GB free for {folder}/"
    if free < REST_OF_STUDY:
        remedy = "free space, or run on another disk (snakemake --directory)"
        return Diagnosis(PROBLEM, "disk", said, remedy)
    return Diagnosis(OK, "disk", f"{said}; `mnbench plan CONFIG.yaml` says what a study needs")


def check_temporary() -> Diagnosis:
    """Return whether the folder for temporary files has room."""
    from mnbench.errors import UserError
    from mnbench.planning.disk import check_temporary_folder

    try:
        check_temporary_folder()
        return Diagnosis(OK, "temporary", tempfile.gettempdir())
    except UserError as error:
        return Diagnosis(PROBLEM, "temporary", str(error))
    except FileNotFoundError as error:  # no folder takes a file
        remedy = "free space, or name a folder in TMPDIR"
        return Diagnosis(PROBLEM, "temporary", str(error.strerror or error), remedy)


def check_optional() -> list[Diagnosis]:
    """Return whether there is what some studies and tests need."""
    compiler = os.environ.get("CXX") or next(filter(shutil.which, COMPILERS), "")
    return [
        Diagnosis(OK, "compiler", compiler)
        if compiler and shutil.which(compiler)
        else Diagnosis(
            REMARK,
            "compiler",
            f"no C++ compiler ({compiler or ', '.join(COMPILERS)}), which `compile: true` needs",
            "install one (Debian: g++), or leave compile out of the recipe",
        ),
        Diagnosis(OK, "browser", BROWSER)
        if shutil.which(BROWSER) and shutil.which(DRIVER)
        else Diagnosis(
            REMARK,
            "browser",
            "no Chromium with its driver, which `pytest -m browser` needs",
            "install Debian's chromium and chromium-driver, or do without these tests",
        ),
    ]
