"""Train an ensemble here, as the pipeline does: the script that `peers.py` times.

Open it to change the study that peers are compared with. The trap: what runs is the pipeline's own
jobs, without Snakemake around them, which would take seconds more to start.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mnbench.checkout import find_approaches, find_checkout
from mnbench.datasets import prepare
from mnbench.planning.config import read_study
from mnbench.planning.lineage import Training
from mnbench.planning.plan import Plan, read_plan
from mnbench.planning.planner import make_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.training.prefork import ADDRESS, WarmProcess

DATASET, ARCHITECTURE_SET = "fashion_mnist", "v5-small"
VALIDATION = 1000
AT_A_TIME = 2
PREFORK = [sys.executable, "-m", "mnbench.training.prefork", "mnbench", "train"]


def prepare_study(folder: Path, images: int, epochs: int) -> Path:
    """Write a study's plan and data, which are not timed; return its folder."""
    configuration: dict[str, Any] = {
        "study": "peers",
        "datasets": [DATASET],
        "architecture_sets": [ARCHITECTURE_SET],
        "seeds": [0],
        "data": {"train_images": images, "validation_images": VALIDATION},
        "recipe": {"epochs": epochs},
        "device": "cpu",
        "approaches": {
            "full_data": None,
            "bagging": None,
            "snapshot_ensembles": {"epochs_per_cycle": epochs},
        },
    }
    study = read_study(configuration, source="peers")
    paths = StudyPaths(folder)
    make_plan(study, find_approaches(), source="peers").write(paths.plan)
    prepare(
        DATASET,
        root=folder,
        download=False,
        train_images=images,
        validation_images=VALIDATION,
        out=paths.train_data(DATASET).parent,
    )
    return folder


def trainings(plan: Plan, approach: str) -> list[Training]:
    """Return an approach's trainings, parents first."""
    return [training for training in plan.trainings.values() if training.approach == approach]


def train(approach: str, folder: Path) -> None:
    """Train an approach's networks, and print the images and seconds that it took.

    The seconds begin when the warm process could take a job, and end with the last record.
    """
    paths = StudyPaths(folder)
    shutil.rmtree(paths.records, ignore_errors=True)
    os.chdir(find_checkout())
    warm = WarmProcess()
    environment = os.environ | {ADDRESS: warm.address}
    subprocess.run([*PREFORK, "--help"], env=environment, check=True, stdout=subprocess.DEVNULL)
    start = time.perf_counter()
    jobs: dict[TrainingId, Future[None]] = {}

    def job(training: Training) -> None:
        for parent in training.parents:  # begun before this one, or done
            jobs[parent].result()
        command = [*PREFORK, str(paths.plan), str(training.id)]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for training in trainings(read_plan(paths.plan), approach):
            jobs[training.id] = pool.submit(job, training)
    for done in jobs.values():
        done.result()
    seconds = time.perf_counter() - start
    warm.close()
    records = [json.loads((paths.record(id) / "record.json").read_text("utf-8")) for id in jobs]
    images = sum(record["cost"]["examples"] for record in records)
    print(json.dumps({"images": images, "seconds": seconds}))


if __name__ == "__main__":
    train(sys.argv[1], Path(sys.argv[2]))
