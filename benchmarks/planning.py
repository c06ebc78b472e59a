"""Time planning: from a checked configuration to a plan, its text, and what is printed of it.

    python benchmarks/planning.py              # half a minute

The study is the paper's grid, config/paper.yaml, of more than 9,000 trainings. Nothing is trained.
CPU time is given, which hardly depends on what else the machine does.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnbench.checkout import find_approaches
from mnbench.planning.config import read_study
from mnbench.planning.forecast import overview
from mnbench.planning.plan import read_plan
from mnbench.planning.planner import make_plan
from mnbench.timing.rows import plan_rows
from mnbench.yaml_files import read_yaml

STUDY = Path(__file__).parents[1] / "config/paper.yaml"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU-seconds of some work, and what it returned."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time planning.")
    parser.add_argument("--plan", type=Path, help="also time reading this plan.json, as a job does")
    arguments = parser.parse_args()
    study, approaches = read_study(read_yaml(STUDY), source=str(STUDY)), find_approaches()
    planning, plan = timed(lambda: make_plan(study, approaches, source=str(STUDY)))
    lines = {
        "the plan": planning,
        "plan.json's text": timed(plan.to_json)[0],
        "what each approach trains": timed(lambda: overview(plan))[0],
        "a row for every ensemble": timed(lambda: plan_rows(plan, {}))[0],
    }
    if arguments.plan:
        lines["reading plan.json"] = timed(lambda: read_plan(arguments.plan))[0]
    print(f"| of {len(plan.trainings):,} trainings | CPU-seconds |\n|---|--:|")
    for name, seconds in lines.items():
        print(f"| {name} | {seconds:.2f} |")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
