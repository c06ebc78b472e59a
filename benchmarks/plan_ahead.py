"""Compare what `mnbench plan` predicts with what a finished study's trainings took.

    mnbench plan config/default.yaml --calibrate
    python benchmarks/plan_ahead.py config/default.yaml results/default/networks.csv

Both must be of the same machine. A line for each approach gives the billed seconds of its own
trainings: predicted, measured, and their ratio.
"""

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from measuring import Row, options, run, save

from mnbench.checkout import find_approaches
from mnbench.naming import approach_title
from mnbench.planning.config import read_study
from mnbench.planning.planner import make_plan
from mnbench.planning.training_id import TrainingId
from mnbench.report.speed import lines_table
from mnbench.timing.calibration import Machine, read_calibration
from mnbench.timing.cost_model import CostModel
from mnbench.timing.hours import seconds_of_trainings
from mnbench.yaml_files import read_yaml

ALL = "all trainings"


def main() -> None:
    """Print the table and write the results."""
    parser = options("Compare predicted with measured seconds.")
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
    with arguments.networks.open(encoding="utf-8", newline="") as networks:
        measured = {row["record"]: float(row[unit]) for row in csv.DictReader(networks)}
    predicted = {id: own.billed for id, own in seconds.items()}
    said = f"{unit.split('_')[0].upper()}-seconds of {arguments.configuration}"
    save(compare(predicted, measured), lines_table, arguments.results, said, timed=False)


def compare(predicted: Mapping[TrainingId, float], measured: Mapping[str, float]) -> Iterator[Row]:
    """Yield a line for each approach, and one for all trainings that both know."""
    sums: dict[str, list[float]] = {}
    for id, seconds in predicted.items():
        if str(id) in measured:
            for name in (approach_title(id.approach), ALL):
                of_approach = sums.setdefault(name, [0.0, 0.0])
                of_approach[0] += seconds
                of_approach[1] += measured[str(id)]
    for name in sorted(sums, key=lambda name: (name == ALL, name)):
        said, took = sums[name]
        yield {
            "trainings_of": name,
            "predicted": round(said),
            "measured": round(took),
            "ratio": round(said / took, 2),
        }


if __name__ == "__main__":
    run(main)
