"""The property of every fuzz test, and its two sizes.

Whatever file a user hands in: it works, or a `UserError` of one line names the file and a remedy.
Nothing else is raised, printed or left behind, within three seconds and little memory.
"""

import contextlib
import gc
import io
import random
import re
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from mnbench.errors import UserError

SECONDS = 3.0  # of CPU, so that a busy machine fails no test
MEGABYTES = 300  # more than before the call
LONGEST_LINE = 5000
# Every refusal says what to do, or what is allowed.
VERBS = "check|choose|delete|fetch|free|give|leave|make|put|reinstall|rename|run|save|set|use|write"
REMEDY = re.compile(
    rf"allowed: |did you mean |must |expected |[;,] (?:or )?(?:{VERBS}) |; it is trained again |"
    r"three ways to get |timm\.list_models|; near: |; it has: |Fashion-MNIST comes |not valid YAML"
)


class TooSlow(BaseException):
    """Not caught by any `except Exception`."""


def sizes(few: int, many: int) -> pytest.MarkDecorator:
    """Run a test on *few* cases, always the same; and marked `long` on *many*, always others."""
    return pytest.mark.parametrize(
        "cases",
        [
            pytest.param(few, id="few"),
            pytest.param(many, id="many", marks=pytest.mark.long),
        ],
    )


class Explorer:
    """Tries a check on many cases; hypothesis shrinks and prints the first that fails."""

    def __init__(self, number: int | None, long: bool):
        self.number, self.long = number, long

    def __call__(self, cases: int, strategy: Any, check: Callable[[Any], None]) -> None:
        """Call *check* with each of so many *cases* of a *strategy*."""
        phases = set(Phase) - {Phase.reuse, Phase.explain}

        @settings(
            max_examples=cases,
            derandomize=not self.long,
            database=None,
            deadline=None,
            phases=phases,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def run(case: Any) -> None:
            check(case)

        if self.long:
            number = random.SystemRandom().randrange(2**32) if self.number is None else self.number
            print(f"the same cases again: --hypothesis-seed={number}")
            run = seed(number)(run)
        gc.collect()  # what another test left unclosed would warn in one of these cases
        run()


def outcome(call: Callable[[], Any], file: Path, folder: Path) -> Any:
    """Return what *call* returns, or the text of its refusal, and check everything else.

    Args:
        call: uses *file*.
        file: which a refusal must name.
        folder: in which nothing may appear, vanish or change.
    """
    before, peak = tree(folder), _peak()
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as warned,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("always")
        try:
            with _limited():
                result = call()
        except UserError as error:
            result = str(error)
            assert_refusal(result, file)
        except TooSlow:  # its own traceback ends anywhere, where pytest cannot show it
            raise AssertionError(f"took more than {SECONDS} seconds of CPU") from None
    assert not warned, [str(warning.message) for warning in warned]
    assert not printed.getvalue()
    assert tree(folder) == before
    assert _peak() - peak < MEGABYTES * 1e6
    return result


def assert_refusal(text: str, file: Path) -> None:
    """Check the form of a refusal: a printable line that names the file, and says what to do."""
    assert text.isprintable(), text
    assert file.name in text, text
    assert REMEDY.search(text), text
    assert len(text) <= LONGEST_LINE, text


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Stop a call that takes longer than it may, be it for ever."""

    def stop(*_: Any) -> None:
        raise TooSlow

    former = signal.signal(signal.SIGPROF, stop)
    # Again and again: one that comes while garbage is collected is lost.
    signal.setitimer(signal.ITIMER_PROF, SECONDS, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the size and time of everything below a folder."""
    stats = {str(path): path.lstat() for path in folder.rglob("*")}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def _peak() -> float:
    """Return the most memory that this process has held, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
