"""Run one training for Snakemake, and see to it that it leaves a record, whatever becomes of it:

    python -m mnbench.training.supervise PLAN ID --log FILE

The training runs in a process of its own, forked from the warm one where there is one
(:mod:`mnbench.training.prefork`). A training that fails, or whose process is killed, leaves a
record that says so (:mod:`mnbench.records.failure`), and this program ends well: one failure must
not keep the others' networks from being compared. Only where a cluster tries it again with more
memory does this program end as a killed training did. An interruption ends this program as well.
A signal that announces the end is handed on, and the training saves how far it has come.

Open it to change what Snakemake sees of a failure. The trap: it is started for each training, and
so imports what takes long only when a training has failed.
"""

import os
import subprocess
import sys
from pathlib import Path

from mnbench import lifeline
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.training import prefork
from mnbench.training.attempts import is_last_attempt
from mnbench.training.preemption import STATUSES, handed_on

BY_SIGNAL = (130, *STATUSES)  # SIGINT, or a signal to end


def main(*arguments: str) -> int:
    """Train, and return 0 if there is a record afterwards, be it of a failure.

    A training that was killed leaves none where it is tried again: the status says so.

    Args:
        arguments: those of ``mnbench train``, which also says what is wrong with them.
    """
    lifeline.end_with_owner()
    try:
        status = _run(["train", *arguments])
    except KeyboardInterrupt:
        return 130
    if status in BY_SIGNAL:
        return status
    try:
        plan, id = Path(arguments[0]), TrainingId.parse(arguments[1])
    except (IndexError, ValueError):  # no training's: help, or a mistake
        return status
    record = StudyPaths(plan.parent).record(id) / "record.json"
    if status and not os.path.exists(record):  # noqa: PTH110  (too long a path does not exist)
        if status == prefork.KILLED and not is_last_attempt():
            print(f"mnbench: {id}: {_by_signal(status)}; it is tried again", file=sys.stderr)
            return status
        _leave_failure(plan, id, status)
    return 0 if os.path.exists(record) else status or 1  # noqa: PTH110


def _leave_failure(plan_file: Path, id: TrainingId, status: int) -> None:
    """Write the record of a training whose process could not write it itself."""
    from mnbench.errors import UserError
    from mnbench.planning.plan import read_plan
    from mnbench.records.failure import Failure, leave

    try:
        training = read_plan(plan_file).trainings[id]
    except (UserError, KeyError):  # the training itself has said so
        return
    reason = f"its process ended with status {status}"
    if status > 128:
        reason = _by_signal(status)
        print(f"mnbench: {id}: {reason}", file=sys.stderr)
    leave(StudyPaths(plan_file.parent), training, Failure("failed", reason))


def _by_signal(status: int) -> str:
    """Return why a training has no record whose process a signal ended."""
    return f"its process was killed by signal {status - 128}, for want of memory perhaps"


def _run(arguments: list[str]) -> int:
    """Run ``mnbench`` in a warm process, or else in a new one; return its exit status."""
    if address := os.environ.get(prefork.ADDRESS):
        status = prefork.ask(address, "mnbench", arguments)
        if status is not None:
            return status
    own = {lifeline.OWNER: lifeline.name_of(os.getpid())}
    with subprocess.Popen(
        [sys.executable, "-m", "mnbench", *arguments], env=os.environ | own
    ) as process:
        try:
            with handed_on(process.terminate):
                status = process.wait()
        except KeyboardInterrupt:  # the training was interrupted as well
            process.wait()
            raise
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
