"""What a run took: wall time, cores, CPU-seconds and utilisation, in the README of its folder.

In come ``runs.csv``, which the run itself wrote, and ``networks.csv``, which has what each training
billed. Open this module to say another fact of a run. The trap: runs of former versions wrote no
``runs.csv``; what nobody recorded is said to be so, and not estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from mnbench.evaluation.tables.files import read_table
from mnbench.records.run_log import COMPLETE, Invocation, read_runs
from mnbench.timing.hours import duration

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class RunFacts:
    """What is known of the run whose tables lie in a folder."""

    folder: Path

    @cached_property
    def runs(self) -> tuple[Invocation, ...]:
        """The runs of Snakemake that trained; none if they were not recorded."""
        return read_runs(self.folder / "runs.csv")

    @cached_property
    def networks(self) -> pd.DataFrame | None:
        """A row a training, if the folder has the table."""
        file = self.folder / "networks.csv"
        return read_table(file) if file.is_file() else None

    @property
    def text(self) -> str:
        """The facts as Markdown, a line each."""
        return "\n".join([f"- {line}." for line in (*self._logged(), *self._billed())])

    @property
    def utilisation(self) -> float | None:
        """Training seconds over wall time times cores, or GPUs; None where it is not known."""
        held = sum(run.wall_seconds * (run.places or 0) for run in self.runs)
        if not held or not all(run.places for run in self.runs):
            return None
        return sum(run.training_seconds for run in self.runs) / held

    def _logged(self) -> list[str]:
        if not self.runs:
            return [f"Wall time, cores and utilisation: {NOT_RECORDED} (no `runs.csv`)"]
        wall = sum(run.wall_seconds for run in self.runs)
        line = f"Wall time: {duration(wall)} on {self._places()}{self._invocations()}"
        if self.utilisation is None:
            return [line, f"Utilisation: {NOT_RECORDED}"]
        seconds = sum(run.training_seconds for run in self.runs)
        per = "GPUs" if any(run.gpus for run in self.runs) else "cores"
        return [
            line,
            f"Utilisation: {self.utilisation:.2f} ({seconds:,.0f} training seconds over wall time "
            f"times {per})",
        ]

    def _places(self) -> str:
        cores = _range([run.cores for run in self.runs], "core")
        gpus = [run.gpus for run in self.runs if run.gpus]
        return f"{_range(gpus, 'GPU')} and {cores}" if gpus else cores

    def _invocations(self) -> str:
        """Return in how many pieces the run was, and how those ended that did not complete."""
        parts = dict.fromkeys(run.study for run in self.runs)
        ends = [run.outcome or "not ended" for run in self.runs if run.outcome != COMPLETE]
        said = [f"{len(parts)} parts"] if len(parts) > 1 else []
        if len(self.runs) > len(parts):
            said.append(f"{len(self.runs)} starts of Snakemake")
        said += [f"{ends.count(end)} {end}" for end in dict.fromkeys(ends)]
        return f" ({', '.join(said)})" if said else ""

    def _billed(self) -> list[str]:
        trained = sum(run.trainings for run in self.runs)
        if self.networks is None:
            if not self.runs:
                return [f"CPU-seconds of training: {NOT_RECORDED}"]
            cpu = sum(run.cpu_seconds for run in self.runs)
            return [f"Trainings: {trained:,}, with {cpu:,.0f} CPU-seconds"]
        billed, cpu = len(self.networks), self.networks["cpu_seconds"].sum()
        lines = [f"Trainings: {billed:,}, with {cpu:,.0f} CPU-seconds"]
        if self.runs and trained < billed:
            lines.append(
                f"{billed - trained:,} of these trainings are of no recorded run: taken over from "
                "another study, or older than the log"
            )
        if self.runs and trained > billed:
            lines.append(f"Trained, and not in the tables: {trained - billed:,}")
        return lines


def _range(numbers: Sequence[int | None], word: str) -> str:
    """Return "2 cores", "2 to 4 cores" or, of what is not known, "cores of a cluster"."""
    known = sorted({number for number in numbers if number})
    if len(known) == 0:
        return f"{word}s of a cluster"
    said = f"{known[0]}" if len(known) == 1 else f"{known[0]} to {known[-1]}"
    return f"{said} {word}{'' if said == '1' else 's'}"
