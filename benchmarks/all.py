"""Run every benchmark, one after the other: what `make bench` does.

    python benchmarks/all.py            # a quarter of an hour on two cores

Each prints its table and writes its CSV as it does alone. A failure ends the whole.
"""

import subprocess
import sys
from pathlib import Path

SCRIPTS = (
    "bare_loop",
    "training_speed",
    "peers",
    "growth",
    "warm_start",
    "clustering",
    "planning",
    "evaluation",
)


def main() -> None:
    """Run them; exit with the status of the first that fails."""
    for script in SCRIPTS:
        print(f"\n{script}\n", flush=True)
        command = [sys.executable, str(Path(__file__).with_name(f"{script}.py"))]
        if status := subprocess.run(command).returncode:
            sys.exit(status)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
