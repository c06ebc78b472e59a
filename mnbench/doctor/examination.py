"""All checks in order, and what a run would use.

Open it to add a check. The trap: a check that fails itself, for a package that is broken, say, is a
problem like any other, and must not hide the others.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

from mnbench.cores import Cores, cores_of_this_process
from mnbench.doctor import checkout_checks, machine
from mnbench.doctor.diagnosis import PROBLEM, Diagnosis
from mnbench.doctor.torch_probe import TorchProbe

REPORT = "run `make` anew; if it stays, report it with this line"
DATA_ROOT = Path("data")  # as a configuration has it by default


def examine(checkout: Path, working: Path, torch: TorchProbe) -> tuple[list[Diagnosis], str]:
    """Return what every check finds, and what a run would use.

    Args:
        checkout: the checkout of mnbench.
        working: the folder that studies are run in.
        torch: a process that has been started to import torch.
    """
    cores = cores_of_this_process()
    before = [
        _guarded("Python", lambda: _versions().check_python(checkout)),
        _guarded("packages", lambda: _versions().check_packages(checkout)),
        _guarded("torch", lambda: _versions().check_pair()),
        _guarded("checkout", partial(checkout_checks.check_package, checkout)),
        _guarded("git", partial(checkout_checks.check_git, checkout)),
        _guarded("snakemake", checkout_checks.check_snakemake),
        _guarded("data", checkout_checks.check_bundled_data),
        _guarded("data", partial(checkout_checks.check_downloads, DATA_ROOT)),
        _guarded("folders", partial(checkout_checks.check_folders, working)),
        _guarded("disk", partial(machine.check_room, Path("results"))),
        _guarded("temporary", machine.check_temporary),
        _guarded("cores", lambda: machine.check_cores(cores, os.getloadavg()[0])),
        _guarded("optional", machine.check_optional),
    ]
    # Torch has been importing meanwhile.
    answer = torch.answer()
    gpus, missing = _gpus()
    device = machine.check_devices(gpus, answer)
    diagnoses = [diagnosis for found in (*before, missing, [device]) for diagnosis in found]
    return diagnoses, would_use(cores, len(gpus) if answer.gpus else 0)


def would_use(cores: Cores, gpus: int) -> str:
    """Return the command that uses the machine, and where trainings then run.

    Args:
        cores: of this process.
        gpus: that the driver shows and torch can use. A run finds them, and shares them out.
    """
    place = f"on {gpus} GPU{'s' * (gpus != 1)}" if gpus else "on the CPU, one a core"
    return f"would use: snakemake --cores {cores.usable} (trainings {place})"


def _guarded(subject: str, check: Callable[[], Diagnosis | list[Diagnosis]]) -> list[Diagnosis]:
    """Return what a check finds; that it cannot be made is a diagnosis as well."""
    try:
        found = check()
    except Exception as error:  # whatever a broken environment raises
        text = f"cannot be checked ({type(error).__name__}: {error})"
        return [Diagnosis(PROBLEM, subject, text, REPORT)]
    return [found] if isinstance(found, Diagnosis) else found


def _versions() -> ModuleType:
    """Return the module that needs a package which may be missing."""
    from mnbench.doctor import versions

    return versions


def _gpus() -> tuple[list[str], list[Diagnosis]]:
    """Return the GPUs that the driver shows, and what hinders asking it."""
    names: list[str] = []

    def ask() -> list[Diagnosis]:
        from mnbench.training.gpus import visible_gpus

        names.extend(gpu.name for gpu in visible_gpus())
        return []

    return names, _guarded("device", ask)
