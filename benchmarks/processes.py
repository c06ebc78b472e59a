"""Watch a program and all the processes that it starts: wall time, CPU time and peak memory.

Open it to change how peak memory is measured. The trap: processes that are forked from one another
share memory, so that resident sizes may not be added. Proportional ones may: a page that three
processes share counts as a third in each.
"""

import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from mnbench.lifeline import name_of

SECONDS_BETWEEN_LOOKS = 0.1
MIB = 2**20


@dataclass(frozen=True)
class Run:
    """What a program took, with all its processes."""

    said: str  # its output
    wall_seconds: float  # from its start to its end
    cpu_seconds: float
    peak_mib: float  # of all processes at once


def watch(command: list[str], environment: dict[str, str]) -> Run:
    """Run a program and measure it.

    Raises:
        subprocess.CalledProcessError: it failed; its errors were on the terminal.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    peak, seconds = 0.0, dict[str, float]()
    while process.poll() is None:
        together = 0.0
        for part in family(process.pid):
            with suppress(psutil.Error, OSError):  # it has just ended
                spent = part.cpu_times()
                seconds[name_of(part.pid)] = spent.user + spent.system
                memory = part.memory_full_info()
                # Linux alone tells proportional sizes; what is a process's own comes nearest.
                together += getattr(memory, "pss", memory.uss)
        peak = max(peak, together)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    wall = time.perf_counter() - start
    assert process.stdout
    output = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Run(output, wall, sum(seconds.values()), peak / MIB)


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that descend from it."""
    with suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []
