"""The cores that this process may use: those it may run on, and the time that its container gets.

Open it when a run starts too many processes, or too few. The trap: a container may show all cores
and be given the time of one; Snakemake's ``--cores all`` then starts too many trainings.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cores:
    """The processors that this process may use."""

    shown: int  # that it may run on: what `--cores all` takes
    given: float | None = None  # whose time its container gets, if that is limited

    @property
    def usable(self) -> int:
        """How many trainings should run at a time."""
        return max(1, min(self.shown, int(self.given or self.shown)))


def cores_of_this_process(root: Path = Path("/")) -> Cores:
    """Return the processors that this process may use.

    Args:
        root: the folder that holds ``proc`` and ``sys``.
    """
    if hasattr(os, "sched_getaffinity"):
        shown = len(os.sched_getaffinity(0))
    else:  # macOS
        shown = os.cpu_count() or 1
    limits = [limit for limit in _quotas(root) if limit is not None]
    return Cores(shown, min(limits, default=None))


def _quotas(root: Path) -> list[float | None]:
    """Return the limits of this process's control groups, in cores."""
    groups = root / "sys/fs/cgroup"
    limits = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, kinds, path = line.split(":", 2)
        if number == "0":  # version 2: one tree, and every group above limits as well
            own = groups / path.strip("/")
            for folder in (own, *own.parents):
                if folder == groups.parent:
                    break
                limits.append(_ratio(*_text(folder / "cpu.max").split()[:2]))
        elif "cpu" in kinds.split(","):
            folder = groups / kinds / path.strip("/")
            folder = folder if folder.is_dir() else groups / "cpu"
            quota, period = (_text(folder / f"cpu.cfs_{key}_us") for key in ("quota", "period"))
            limits.append(_ratio(quota.strip(), period.strip()))
    return limits


def _ratio(quota: str = "", period: str = "") -> float | None:
    """Return a quota in cores; None without a limit ("max", or below 0)."""
    if quota.isdigit() and period.isdigit() and int(period):
        return int(quota) / int(period)
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
