"""Time the start of a job: forked from a warm process, against a Python of its own.

    python benchmarks/warm_start.py            # half a minute

The job is a script that imports all that a training imports, and trains nothing.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from measuring import Way, options, run, save, take_turns

from mnbench.report.speed import pairs_table
from mnbench.training.prefork import ADDRESS, WarmProcess

REPEATS = 9
JOB = [sys.executable, "-m", "mnbench.training.prefork", "importing"]
FOLDER = Path(__file__).parent  # where Python finds the job


def seconds(environment: dict[str, str]) -> float:
    """Return the seconds of running the job once."""
    start = time.perf_counter()
    subprocess.run(JOB, env=environment, cwd=FOLDER, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the table and write the results."""
    arguments = options("Time a job's start, side by side.", REPEATS).parse_args()
    cold = {key: value for key, value in os.environ.items() if key != ADDRESS}
    process = WarmProcess()
    warm = cold | {ADDRESS: process.address}
    forked = Way("forked from a warm process", lambda: seconds(warm), 1)
    own = Way("a Python of its own", lambda: seconds(cold), 1)
    rows = take_turns(forked, own, "starts", arguments.repeats)  # first waits for the imports
    save(rows, pairs_table, arguments.results, f"{arguments.repeats} pairs")
    process.close()


if __name__ == "__main__":
    run(main)
