"""What runs in Snakemake's own process when the jobs of studies begin and end.

Snakemake calls one handler of ``onstart``, ``onsuccess`` and ``onerror``: the main Snakefile's. A
module's it leaves out. So the studies of a run share one :class:`Handlers`. Snakemake calls it in
the handler's place, and it calls the main Snakefile's.

Open it when something at the start or the end of a run is missing, or happens twice. The trap: a
module's Snakefile is read again for each `use rule` statement, so a study arrives more than once.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from snakemake.logging import logger

from mnbench.errors import UserError
from mnbench.lifeline import OWNER, name_of
from mnbench.training.prefork import ADDRESS, WarmProcess

ATTRIBUTE = "mnbench_handlers"  # of Snakemake's workflow, and so there is one a run


@dataclass(frozen=True)
class StudyHandlers:
    """What one study does at the start and at the end of a run.

    Args:
        module: the module's name, None for the main Snakefile.
        takes_part: returns whether the run has jobs of this study.
        start: prepares the jobs; returns whether any of them trains. It may raise a UserError.
        end: given whether all jobs succeeded, ends what start began, be it nothing; returns which
            trainings left no network, a line each, or None.
    """

    module: str | None
    takes_part: Callable[[], bool]
    start: Callable[[], bool]
    end: Callable[[bool], str | None]


class Handlers:
    """The handlers of all studies of one run, around the main Snakefile's own."""

    def __init__(self, workflow: Any) -> None:
        """Take the place of Snakemake's handlers.

        Args:
            workflow: Snakemake's, while it is read.
        """
        self._workflow = workflow
        self._studies: dict[Path, StudyHandlers] = {}
        self._running: list[StudyHandlers] = []
        self._warm: WarmProcess | None = None
        call_around(workflow, "onstart", self._start)
        call_around(workflow, "onsuccess", self._succeed)
        call_around(workflow, "onerror", self._fail)

    def add(self, root: Path, study: StudyHandlers) -> bool:
        """Add a study, and return whether it is new: a module that is read again changes nothing.

        Args:
            root: the study's folder.
            study: what it does.

        Raises:
            UserError: another module writes to the same folder.
        """
        first = self._studies.setdefault(root, study)
        if first.module != study.module:
            raise UserError(
                f"{root}: modules '{first.module}' and '{study.module}' write to this folder; give "
                "one of them a `prefix`, or another name at key 'study'"
            )
        return first is study

    def _start(self, handler: Callable[[], None]) -> None:
        try:
            self._begin()
            handler()
        except BaseException as error:  # Snakemake calls no other handler then
            self._give_up()
            if isinstance(error, UserError):
                sys.exit(f"mnbench: {error}")
            raise

    def _begin(self) -> None:
        self._running = [study for study in self._studies.values() if study.takes_part()]
        trains = [study.start() for study in self._running]
        if self._workflow.local_exec and self._running:
            # Snakemake (9.27) limits how many jobs start in a time, for clusters. Each look for
            # work sets a timer for another look, and none of them ends: after 700 jobs there are
            # 700 threads, which keep a core from training, and it waits for the last of them. A
            # job's end wakes it anyway.
            self._workflow.scheduler.job_rate_limiter = None
            os.environ[OWNER] = name_of(os.getpid())  # whatever it starts ends with this process
        # Trainings on this machine are forked from one process that has imported torch. A cluster's
        # jobs must not be, since they belong to the cluster.
        if self._workflow.local_exec and any(trains):
            try:
                self._warm = WarmProcess()
                os.environ[ADDRESS] = self._warm.address
            except OSError as error:
                logger.info(f"mnbench: trainings start cold, a few seconds slower each: {error}")

    def _succeed(self, handler: Callable[[], None]) -> None:
        self._close()
        handler()
        if told := list(filter(None, [study.end(True) for study in self._running])):
            sys.exit("\n".join(told))

    def _fail(self, handler: Callable[[], None]) -> None:
        self._give_up()
        handler()

    def _give_up(self) -> None:
        """End what has begun: a row left open would be of a run that was killed."""
        self._close()
        for study in self._running:
            study.end(False)

    def _close(self) -> None:
        if self._warm is not None:
            self._warm.close()


def handlers_of(workflow: Any) -> Handlers:
    """Return the handlers of a run, the same for each study."""
    if not hasattr(workflow, ATTRIBUTE):
        setattr(workflow, ATTRIBUTE, Handlers(workflow))
    handlers: Handlers = getattr(workflow, ATTRIBUTE)
    return handlers


def call_around(workflow: Any, event: str, function: Callable[[Callable[[], None]], None]) -> None:
    """Have Snakemake call a function in place of the main Snakefile's handler of an event.

    Args:
        workflow: Snakemake's.
        event: "onstart", "onsuccess" or "onerror".
        function: given a function without arguments that calls the handler, be it defined by now
            or later.
    """
    place, define = f"_{event}", getattr(workflow, event)
    own = getattr(workflow, place)

    def around(log: str) -> None:
        function(partial(own, log))

    def define_and_keep(handler: Callable[[str], None]) -> None:
        nonlocal own
        define(handler)
        if getattr(workflow, place) is not around:  # it is the main Snakefile's
            own = getattr(workflow, place)
            setattr(workflow, place, around)

    setattr(workflow, place, around)
    setattr(workflow, event, define_and_keep)
