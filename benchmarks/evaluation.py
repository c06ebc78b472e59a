"""Time `mnbench tables` on made-up records of the default study with many seeds.

    python benchmarks/evaluation.py                 # 962 records, 1,079 ensembles
    python benchmarks/evaluation.py --seeds 2       # 148 records
    python benchmarks/evaluation.py --keep FOLDER   # keeps records and tables, to compare versions

Nothing is trained: a network's logits are what all networks see in an image, plus noise of its own.
The tables are those of the real command, in processes of its own. A version is compared with
another by running both on the same kept records: PYTHONPATH says which one evaluates.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from measuring import options, run, save
from processes import MIB, watch

from mnbench.checkout import find_approaches, find_checkout
from mnbench.planning.config import read_study
from mnbench.planning.forecast import predicted_training_flops
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.planner import make_plan
from mnbench.records.checksums import checksums
from mnbench.records.paths import StudyPaths
from mnbench.records.predictions import write_predictions
from mnbench.records.record import HISTORY_COLUMNS, WEIGHTS, Cost, Record, write_history
from mnbench.report.speed import lines_table
from mnbench.yaml_files import read_yaml

CONFIGURATION = Path("config/default.yaml")
SEEDS = 13
IMAGES = {"validation": 2000, "test": 10_000}
CLASSES = 10


def main() -> None:
    """Make up the records, evaluate them and print what that took."""
    parser = options("Time `mnbench tables` on made-up records.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of the study (default: {SEEDS})")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that share the work"
    )
    parser.add_argument("--keep", type=Path, help="the folder of records to use or to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        paths = StudyPaths(arguments.keep or Path(temporary))
        if not paths.plan.exists():
            make_study(paths, arguments.seeds)
        plan = read_plan(paths.plan)
        wall, cpu, memory = evaluate(paths, arguments.processes)
        digest = hashlib.sha256()
        for table in sorted(paths.root.glob("tables/*.csv")):
            digest.update(table.read_bytes())
    row = {
        "records": len(plan.trainings),
        "ensembles": len(plan.ensembles),
        "processes": arguments.processes,
        "seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "gigabytes": round(memory / 1e9, 2),
    }
    save([row], lines_table, arguments.results, "measured once")
    print(f"\nThe tables' SHA-256 begins with {digest.hexdigest()[:8]}.")


def make_study(paths: StudyPaths, seeds: int) -> None:
    """Write the plan of the default study with *seeds* seeds, and a record of each training."""
    source = find_checkout() / CONFIGURATION
    values = read_yaml(source) | {"seeds": list(range(seeds))}
    study = read_study(values, source=str(source))
    plan = make_plan(study, find_approaches(), source=str(source))
    rng = np.random.default_rng(0)
    labels = {split: rng.integers(CLASSES, size=images) for split, images in IMAGES.items()}
    seen = {
        split: np.eye(CLASSES)[of_split] * 3 + rng.normal(size=(len(of_split), CLASSES)) * 1.4
        for split, of_split in labels.items()
    }
    for training in plan.trainings.values():
        write_record(paths, training, plan, rng, labels, seen)
    plan.write(paths.plan)


def write_record(
    paths: StudyPaths,
    training: Training,
    plan: Plan,
    rng: np.random.Generator,
    labels: dict[str, np.ndarray],
    seen: dict[str, np.ndarray],
) -> None:
    """Write the record of a training whose networks answer as *seen*, plus noise of their own."""
    folder = paths.record(training.id)
    folder.mkdir(parents=True)
    arrays = {}
    for split, common in seen.items():
        noise = rng.normal(size=(len(training.networks), *common.shape))
        arrays[f"{split}_logits"] = (common + noise).astype(np.float32)
        arrays[f"{split}_labels"] = labels[split]
    write_predictions(folder, **arrays)
    epochs = int(training.recipe["epochs"])
    images = training.data["train_images"]
    flops = predicted_training_flops(training, plan)
    row = dict.fromkeys(HISTORY_COLUMNS, 0.5) | {"phase": "scratch"}
    rows = [row | {"epoch": epoch, "examples": images} for epoch in range(1, epochs + 1)]
    write_history(folder, rows)
    (folder / WEIGHTS).write_bytes(b"read by no table")
    seconds = flops / 4e10 * rng.uniform(0.98, 1.02)
    Record(
        id=training.id,
        approach=training.approach,
        role=training.role,
        networks=tuple(
            {"name": net.name, "id": net.id, "parameters": 1, "architecture": net.to_dict()}
            for net in training.networks
        ),
        dataset=training.id.dataset,
        seed=training.seed,
        recipe=training.recipe,
        recipe_hash=training.recipe_hash,
        parents=training.parents,
        cost=Cost(epochs, epochs * images, flops, seconds, seconds, 5 * 10**8, seconds),
        checksums=checksums(folder),
    ).write(folder)


def evaluate(paths: StudyPaths, processes: int) -> tuple[float, float, float]:
    """Run `mnbench tables`; return its seconds, CPU-seconds and peak memory in bytes."""
    costs = read_yaml(find_checkout() / CONFIGURATION)["costs"]
    command = [sys.executable, "-m", "mnbench", "tables", str(paths.plan), "--costs", *costs]
    command += ["--processes", str(processes), "--out", str(paths.root / "tables")]
    taken = watch(command, dict(os.environ))
    return taken.wall_seconds, taken.cpu_seconds, taken.peak_mib * MIB


if __name__ == "__main__":
    run(main)
