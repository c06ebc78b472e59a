"""The log of a study's runs: when Snakemake trained, on how many cores, and what it finished.

A run that was interrupted and started again has a row each time. The rows are a small file,
``runs.csv``, which is committed with a study's tables, so that a reader learns what the study took.

Open this module to record another fact of a run. The trap: a killed run cannot say that it has
ended. So its row is written anew twice a minute, and the next run closes it.
"""

import csv
import io
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from mnbench.errors import UserError, cause
from mnbench.files import write_text
from mnbench.records.record import RECORD, read_record

SECONDS_BETWEEN_SIGNS = 30.0  # of life
COMPLETE, INCOMPLETE, WAS_KILLED, RUNNING = "complete", "incomplete", "killed", ""


def _row(meaning: str) -> dict[str, str]:
    return {"meaning": meaning}


@dataclass(frozen=True)
class Invocation:
    """One run of Snakemake that trained: a row of ``runs.csv``."""

    study: str = field(metadata=_row("name of the study, or of the part of one"))
    started: datetime = field(metadata=_row("when it began, UTC"))
    ended: datetime = field(
        metadata=_row(
            "when it ended, UTC; of a killed run the last sign of life, given twice a minute"
        )
    )
    cores: int | None = field(metadata=_row("cores that it was given; empty on a cluster"))
    gpus: int | None = field(
        metadata=_row("GPUs that it could train on, each as often as it is shared; empty without")
    )
    trainings: int = field(default=0, metadata=_row("trainings that it finished"))
    training_seconds: float = field(
        default=0.0,
        metadata=_row("their `device_seconds`; of a resumed training also those of earlier runs"),
    )
    cpu_seconds: float = field(default=0.0, metadata=_row("their `cpu_seconds`, likewise"))
    outcome: str = field(
        default=RUNNING,
        metadata=_row(
            "complete; incomplete (interrupted, or a training left no network); killed (it did not "
            "say that it ended); empty while it runs"
        ),
    )

    @property
    def wall_seconds(self) -> float:
        """Seconds from its beginning to its end."""
        return (self.ended - self.started).total_seconds()

    @property
    def places(self) -> int | None:
        """How many trainings could run at a time: a GPU each, or else a core."""
        return self.gpus or self.cores


def read_runs(file: Path) -> tuple[Invocation, ...]:
    """Return the rows of a ``runs.csv``, the oldest first; none if there is no file.

    Raises:
        UserError: it is no log of runs.
    """
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return tuple(_invocation(row) for row in csv.DictReader(lines, strict=True))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(
            f"{file}: not a readable log of runs ({cause(error)}); delete it, and the next run "
            "begins a new one"
        ) from error


def _invocation(row: dict[str, str]) -> Invocation:
    started, ended = (datetime.fromisoformat(row[name]) for name in ("started", "ended"))
    if not started.tzinfo or not ended.tzinfo or ended < started:
        raise ValueError(f"key 'ended': {row['ended']} after {row['started']}")
    return Invocation(
        study=row["study"],
        started=started,
        ended=ended,
        cores=int(row["cores"]) if row["cores"] else None,
        gpus=int(row["gpus"]) if row["gpus"] else None,
        trainings=int(row["trainings"]),
        training_seconds=float(row["training_seconds"]),
        cpu_seconds=float(row["cpu_seconds"]),
        outcome=row["outcome"],
    )


def write_runs(file: Path, runs: Iterable[Invocation]) -> None:
    """Write a log of runs, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [column.name for column in fields(Invocation)]
    writer.writerow(names)
    writer.writerows([_text(getattr(run, name)) for name in names] for run in runs)
    write_text(file, text.getvalue())


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, float):
        return f"{value:.3f}"
    return "" if value is None else str(value)


def gather(file: Path, parts: Sequence[Path]) -> None:
    """Add the runs of a study's parts to its own log, each once; without any, write nothing.

    Raises:
        UserError: a log cannot be read or written.
    """
    runs = {(run.study, run.started): run for log in (file, *parts) for run in read_runs(log)}
    if runs:
        write_runs(file, sorted(runs.values(), key=lambda run: (run.started, run.study)))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class RunLog:
    """The row of the run that goes on: written when it begins, while it runs, and when it ends."""

    def __init__(
        self,
        file: Path,
        *,
        study: str,
        to_train: Iterable[Path],
        cores: int | None,
        gpus: int | None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """Begin a row, and close the row of a run that was killed.

        The caller holds the study's lock: an open row is of no run that goes on.

        Args:
            file: the log; one that cannot be read is begun anew.
            study: the study's name.
            to_train: the records' folders of the trainings that this run may finish.
            cores: how many it was given; None is not known.
            gpus: how many it can train on.
            now: the clock.

        Raises:
            UserError: the log cannot be written.
        """
        self._file, self._now = file, now
        self._before: list[Invocation] = []
        with suppress(UserError):
            self._before = [
                replace(run, outcome=WAS_KILLED) if run.outcome == RUNNING else run
                for run in read_runs(file)
            ]
        self._waiting = {record: _written(record) for record in to_train}
        self._run = Invocation(study, now(), now(), cores, gpus)
        self._lock, self._over = threading.Lock(), threading.Event()
        self._write(RUNNING)
        threading.Thread(target=self._give_signs, daemon=True).start()

    def give_sign(self) -> None:
        """Write the row as it is now, unless the run is over; a full disk keeps it as it was."""
        with self._lock, suppress(UserError):
            if not self._over.is_set():
                self._write(RUNNING)

    def end(self, outcome: str) -> None:
        """Write the row for the last time; a full disk keeps it as it was."""
        with self._lock, suppress(UserError):
            self._over.set()
            self._write(outcome)

    def _give_signs(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_SIGNS):
            self.give_sign()

    def _write(self, outcome: str) -> None:
        self._count()
        ended = max(self._now(), self._run.started)  # clocks are set back
        self._run = replace(self._run, ended=ended, outcome=outcome)
        write_runs(self._file, [*self._before, self._run])

    def _count(self) -> None:
        """Add the records that were written since the row was."""
        for record, before in list(self._waiting.items()):
            if (written := _written(record)) is None or written == before:
                continue
            del self._waiting[record]
            with suppress(UserError):  # a failed training
                cost = read_record(record).cost
                self._run = replace(
                    self._run,
                    trainings=self._run.trainings + 1,
                    training_seconds=self._run.training_seconds + cost.device_seconds,
                    cpu_seconds=self._run.cpu_seconds + cost.cpu_seconds,
                )


def _written(record: Path) -> int | None:
    """Return when a record was written, in nanoseconds, or None if it is not there."""
    try:
        return (record / RECORD).stat().st_mtime_ns
    except OSError:
        return None
