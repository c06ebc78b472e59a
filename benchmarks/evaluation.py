"""Time `mnbench tables` on made-up records of the default study with many seeds.

    python benchmarks/evaluation.py                 # 962 records, 1,079 ensembles
    python benchmarks/evaluation.py --seeds 2       # 148 records
    python benchmarks/evaluation.py --keep FOLDER   # keeps records and tables, to compare versions

Nothing is trained: a network's logits are what all networks see in an image, plus noise of its own.
The tables are those of the real command, in processes of its own. A version is compared with
another by running both on the same kept records: PYTHONPATH says which one evaluates.
"""

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

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
from mnbench.yaml_files import read_yaml

CONFIGURATION = Path("config/default.yaml")
SEEDS = 13
IMAGES = {"validation": 2000, "test": 10_000}
CLASSES = 10


def main() -> None:
    """Make up the records, evaluate them and print what that took."""
    parser = argparse.ArgumentParser(description="Time `mnbench tables` on made-up records.")
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
    print("| records | ensembles | processes | seconds | CPU-seconds | GB | tables' SHA-256 |")
    print("|--:|--:|--:|--:|--:|--:|---|")
    print(
        f"| {len(plan.trainings):,} | {len(plan.ensembles):,} | {arguments.processes} | {wall:.1f} "
        f"| {cpu:.1f} | {memory / 1e9:.2f} | {digest.hexdigest()[:8]} |"
    )


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


def evaluate(paths: StudyPaths, processes: int) -> tuple[float, float, int]:
    """Run `mnbench tables`; return its seconds, CPU-seconds and peak memory in bytes.

    Memory is what all its processes hold together, looked at each second. What they share
    counts once.
    """
    costs = read_yaml(find_checkout() / CONFIGURATION)["costs"]
    command = [sys.executable, "-m", "mnbench", "tables", str(paths.plan), "--costs", *costs]
    command += ["--processes", str(processes), "--out", str(paths.root / "tables")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks = [0]
    watch = threading.Thread(target=watch_memory, args=(process.pid, peaks), daemon=True)
    watch.start()
    if process.wait():
        sys.exit(process.returncode)
    wall = time.perf_counter() - start
    watch.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, max(peaks)


def watch_memory(pid: int, peaks: list[int]) -> None:
    """Append the memory of a process and its children, in bytes, until it ends."""
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(pid)
        while top.status() != psutil.STATUS_ZOMBIE:
            together = 0
            for process in (top, *top.children(recursive=True)):
                with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    together += process.memory_full_info().pss
            peaks.append(together)
            time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
