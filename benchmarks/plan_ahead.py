"""Compare what `mnbench plan` predicts with what a finished study's trainings took.

    mnbench plan config/default.yaml --calibrate
    python benchmarks/plan_ahead.py config/default.yaml results/default/networks.csv

Both must be of the same machine. A line for each approach gives the billed seconds of its own
trainings: predicted, measured, and their ratio.
"""

import argparse
import csv
import sys
from pathlib import Path

from mnbench.checkout import find_approaches
from mnbench.errors import UserError
from mnbench.planning.config import read_study
from mnbench.planning.planner import make_plan
from mnbench.timing.calibration import Machine, read_calibration
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import seconds_of_trainings
from mnbench.yaml_files import read_yaml


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare predicted with measured seconds.")
    parser.add_argument("configuration", type=Path)
    parser.add_argument("networks", type=Path, help="networks.csv of the finished study")
    parser.add_argument("--calibration", type=Path, help="(default: this machine's)")
    arguments = parser.parse_args()
    source = str(arguments.configuration)
    study = read_study(read_yaml(arguments.configuration), source=source)
    plan = make_plan(study, find_approaches(), source=source)
    machine = Machine.here(study.device)
    file = arguments.calibration or machine.file
    calibration = read_calibration(file, machine)
    if calibration is None:
        sys.exit(f"{file}: is missing; run mnbench plan {source} --calibrate")
    seconds = seconds_of_trainings(plan, CostModel(calibration))
    unit = "cpu_seconds" if machine.device == "cpu" else "device_seconds"
    with arguments.networks.open(encoding="utf-8", newline="") as file:
        measured = {row["record"]: float(row[unit]) for row in csv.DictReader(file)}
    sums: dict[str, list[float]] = {}
    for id, own in seconds.items():
        if str(id) in measured:
            for name in (id.approach, "all trainings"):
                of_approach = sums.setdefault(name, [0.0, 0.0])
                of_approach[0] += own.billed
                of_approach[1] += measured[str(id)]
    print(f"| {unit} | predicted | measured | ratio |\n|---|--:|--:|--:|")
    for name in sorted(sums, key=lambda name: (name == "all trainings", name)):
        predicted, took = sums[name]
        print(f"| {name} | {predicted:,.0f} | {took:,.0f} | {predicted / took:.2f} |")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
