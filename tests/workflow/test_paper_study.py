"""config/paper.yaml through Snakemake: the whole grid is planned, and its cost is forecast."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.tiny import plan_of

from mnbench.planning.forecast import forecast, overview

pytestmark = pytest.mark.slow  # ten thousand trainings are planned

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "config/paper.yaml"


@pytest.fixture(scope="module")
def plan():
    """Return the plan of the paper's study."""
    return plan_of(yaml.safe_load(STUDY.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory) -> str:
    """Return what Snakemake's dry run prints."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", "-s", ROOT / "Snakefile", "--configfile", STUDY],
        cwd=tmp_path_factory.mktemp("paper"),
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_dry_run_prints_what_each_approach_trains(plan, dry_run):
    assert overview(plan) in dry_run
    assert dry_run.count("predicted training TFLOPs") == 1
    rows = forecast(plan)
    table = dry_run.split("predicted training TFLOPs\n")[1].splitlines()[: len(rows) + 1]
    total = (
        len(plan.trainings),
        sum(row.networks for row in rows),
        sum(row.training_flops for row in rows),
    )
    expected = {row.approach: (row.trainings, row.networks, row.training_flops) for row in rows}
    for name, (trainings, networks, flops) in {**expected, "total": total}.items():
        (line,) = [line for line in table if line.startswith(f"{name} ")]
        assert line.split()[1:3] == [f"{trainings:,}", f"{networks:,}"]
        assert not trainings or line.endswith(f" {flops / 1e12:,.0f}")


def test_the_dry_run_has_a_job_for_every_training(plan, dry_run):
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", dry_run.split("Job stats:")[1], re.MULTILINE))
    approaches = [training.approach for training in plan.trainings.values()]
    for approach in set(approaches):
        assert int(jobs[approach]) == approaches.count(approach)
    assert int(jobs["dataset"]) == 3


def test_the_study_plans_every_size_and_g_of_the_papers_grid(plan):
    sizes = {
        "v5": 5,
        "v5-common": 5,
        "d5": 5,
        "r10": 10,
        "w5": 5,
        "h5": 5,
        "v25": 25,
        "r25": 25,
        "mixed10": 10,
    }
    hundreds = {"v100": 100, "r100": 100}
    assert {row.dataset for row in plan.ensembles} == {"cifar10", "cifar100", "svhn"}
    assert {row.seed for row in plan.ensembles} == {0, 1, 2}
    reached: dict[tuple[str, str], set[int]] = {}
    for row in plan.ensembles:
        reached.setdefault((row.approach, row.architecture_set), set()).add(row.size)
    for approach in ("full_data", "bagging", "knowledge_distillation"):
        for architecture_set, size in sizes.items():
            assert reached[approach, architecture_set] == set(range(1, size + 1))
    for approach in ("mothernets", "snapshot_ensembles"):
        for architecture_set, size in {**sizes, **hundreds}.items():
            assert reached[approach, architecture_set] == set(range(1, size + 1))
    assert reached["treenets", "v5-common"] == {2, 3, 4, 5}
    assert reached["treenets", "v5"] == {2}  # the third network begins with more filters
    for architecture_set in ("w5", "h5", "r25"):  # skip connections: the stem is shared
        assert reached["treenets", architecture_set] == {2, 3, 4, 5}
    for architecture_set in ("d5", "r10", "v25", "mixed10"):  # other stems, or layers
        assert ("treenets", architecture_set) not in reached
    # From the fastest to Full Data.
    for architecture_set, size in sizes.items():
        numbers = {
            row.g for row in plan.ensembles if row.architecture_set == architecture_set and row.g
        }
        assert min(numbers) == {"mixed10": 3, "r25": 2}.get(architecture_set, 1)
        assert max(numbers) == size and len(numbers) >= 3
