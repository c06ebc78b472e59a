"""A new Python process: for what a process may import or leave behind."""

import os
import subprocess
import sys


def run_fresh(code: str) -> None:
    """Run code that asserts, with this process's search path, and fail with what it printed."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
