"""What all fuzz tests share.

Open this to change how cases are drawn. The trap: the default cases are the same on every run, so
that CI fails for a change and never by luck.
"""

from pathlib import Path

import pytest
from support.fuzzing import Explorer


@pytest.fixture
def explore(request: pytest.FixtureRequest) -> Explorer:
    """Return what tries a check on many cases: the same ones, or others where the test is long."""
    number = request.config.getoption("--hypothesis-seed")
    number = None if number in (None, "random") else int(number)
    return Explorer(number, long=request.node.get_closest_marker("long") is not None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, inside another empty one, as the working directory."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    return inner
