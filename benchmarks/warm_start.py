"""Time the start of a job: forked from a warm process, against a Python of its own.

    python benchmarks/warm_start.py            # half a minute

The job is an approach's program that only prints its help. It imports all that a training imports,
and trains nothing. Both starts take turns, and the table gives medians and their ratio.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from mnbench.training.prefork import ADDRESS, WarmProcess

REPETITIONS = 9
JOB = [sys.executable, "-m", "mnbench.training.prefork", "mnbench", "train", "--help"]


def seconds(environment: dict[str, str]) -> float:
    """Return the seconds of running the job once."""
    start = time.perf_counter()
    subprocess.run(JOB, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description="Time a job's start, side by side.").parse_args()
    cold = {key: value for key, value in os.environ.items() if key != ADDRESS}
    process = WarmProcess()
    warm = cold | {ADDRESS: process.address}
    seconds(warm)  # waits until everything is imported
    pairs = [(seconds(cold), seconds(warm)) for _ in range(REPETITIONS)]
    process.close()
    medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
    print("| a job's start | seconds | forked | seconds | ratio |\n|---|--:|---|--:|--:|")
    print(
        f"| its own Python | {medians[0]:.2f} | from a warm process | {medians[1]:.2f} "
        f"| {medians[0] / medians[1]:.1f} |"
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
