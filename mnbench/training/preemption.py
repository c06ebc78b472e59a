"""Preemption: on a signal a training saves its progress and ends.

A cluster sends a signal some time before it kills a job: near the end of the job's time, or when
the machine is wanted for something else. A training then ends behind the batch that it is at.

Open it to change which signals these are. The trap: Python runs a handler between two of its own
instructions, so that a batch that is being computed is finished first.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
# What a process ends with, by itself or killed by one of them.
STATUSES = tuple(128 + number for number in SIGNALS)


class Preempted(SystemExit):
    """Raised when a signal has ended a training; no failure, and so no Exception."""

    def __init__(self, message: str) -> None:
        super().__init__(128 + signal.SIGTERM)
        self.message = message


class Notice:
    """Whether a signal asks this process to end, and which one."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    @classmethod
    @contextmanager
    def awaited(cls) -> Iterator[Self]:
        """Yield a notice that the signals give instead of ending this process.

        Only a process's main thread can take signals; in another one the notice never comes.
        """
        notice = cls()
        with _handled_by(notice._give):
            yield notice

    def _give(self, number: int) -> None:
        self.signal = signal.Signals(number)


@contextmanager
def handed_on(deliver: Callable[[], None]) -> Iterator[None]:
    """Hand the signals on instead of ending by them, while another process works for this one.

    Args:
        deliver: tells the other process that it has to end; it may be called more than once.
    """
    with _handled_by(lambda number: deliver()):
        yield


@contextmanager
def _handled_by(handle: Callable[[int], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
