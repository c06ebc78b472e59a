"""Progress: the network that is training, its epoch, error and time left.

Open it to change what a job prints. The trap: jobs print beside each other on one terminal, so that
a line must say whose it is and must not be overwritten.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO

from mnbench.planning.forecast import recipe_of
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan

SECONDS_BETWEEN_LINES = 2.0


@dataclass
class Progress:
    """A writer of lines to the terminal and to the job's log.

    Jobs run beside each other, so each line says whose it is, and none is overwritten.
    """

    terminal: TextIO | None
    log: TextIO | None
    label: str = ""
    open_end: bool = False  # training to convergence may end at any epoch
    summary: str = "all epochs were in the checkpoint"
    last: float = field(default_factory=time.monotonic)

    @classmethod
    @contextmanager
    def to(cls, log: Path | None, *, quiet: bool) -> Iterator[Self]:
        """Yield progress that writes to the file *log*, and unless *quiet* to the terminal.

        A log that cannot be written, on a full disk, say, ends no training.
        """
        file = None
        if log is not None:
            with suppress(OSError):
                log.parent.mkdir(parents=True, exist_ok=True)
                file = log.open("w", buffering=1, encoding="utf-8")
        try:
            yield cls(None if quiet else sys.stderr, file)
        finally:
            with suppress(OSError):
                if file is not None:
                    file.close()

    def begin(self, plan: Plan, training: Training) -> None:
        """Write that a network begins, and its position in the plan."""
        position = list(plan.trainings).index(training.id) + 1
        count = len(plan.trainings)
        id = training.id
        self.label = (
            f"[{position:>{len(str(count))}}/{count}] {id.approach} {id.name} seed{id.seed}"
        )
        self.open_end = training.recipe["protocol"] == "convergence"
        if not recipe_of(training).longest:
            self.summary = "no epochs, it stays as initialised"
        self._say("begins", terminal=False)

    def epoch(self, row: dict[str, Any], seconds_left: float) -> None:
        """Write the epoch reached: each to the log, one every few seconds to the terminal."""
        error = 100 * (1 - row["validation_accuracy"])
        text = f"epoch {row['epoch']}, validation error {error:.1f} %"
        now = time.monotonic()
        due = now - self.last >= SECONDS_BETWEEN_LINES
        if due:
            self.last = now
        left = "at most " if self.open_end else ""
        self._say(f"{text}, {left}{_clock(seconds_left)} left", terminal=due)
        self.summary = text

    def waits(self, holder: str) -> None:
        """Write that another process trains this network."""
        self._say(f"process {holder} trains this network; waiting for it")

    def there(self) -> None:
        """Write that nothing was trained: the record is there."""
        self._say("its record is there: nothing to train (delete its folder to train it again)")

    def end(self) -> None:
        """Write that the record is there."""
        self._say(f"done: {self.summary}")

    def preempted(self, message: str) -> None:
        """Write which signal ended the job, and what it has saved."""
        self._say(message)

    def failed(self, message: str) -> None:
        """Write why the job stops: on the terminal whether quiet or not."""
        print(message, file=sys.stderr)
        self._note(message)

    def _say(self, text: str, *, terminal: bool = True) -> None:
        line = f"{self.label}: {text}"
        self._note(line)
        if self.terminal and terminal:
            print(line, file=self.terminal, flush=True)

    def _note(self, line: str) -> None:
        with suppress(OSError):
            if self.log:
                print(line, file=self.log)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes}:{seconds:02}"
