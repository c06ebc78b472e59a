"""Two entrances, one workflow: the root Snakefile and workflow/Snakefile, from any folder."""

import ast
import os
import re
import shutil
import subprocess
import sys
from inspect import getsource
from pathlib import Path

import pytest
import yaml
from snakemake.scheduling.job_scheduler import JobScheduler

ROOT = Path(__file__).parents[2]
STUDY = {
    "study": "entrance",
    "datasets": ["fashion_mnist"],
    "architecture_sets": ["v5-small"],
    "seeds": [0],
    "approaches": {"mothernets": {"g": [1]}},
}


@pytest.mark.slow
@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_a_study_elsewhere_is_planned_to_its_pages(tmp_path, snakefile):
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    command = ["-n", "--snakefile", str(ROOT / snakefile), "--configfile", "study.yaml"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *command],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    assert (jobs["dataset"], jobs["mothernets"], jobs["tables"], jobs["pages"]) == tuple("1611")
    assert jobs["all"] == "1"


@pytest.mark.slow
def test_names_with_the_sign_between_them_are_told_apart_and_others_are_refused(tmp_path):
    """A figure's folder is DATASET_ARCHITECTURE-SET."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    shutil.copy(ROOT / "Snakefile", checkout)
    for name in ("workflow", "baselines", "profiles", "mnbench"):
        shutil.copytree(ROOT / name, checkout / name)
    sets = checkout / "mnbench/architectures/sets"
    shutil.copy(sets / "v5-small.yaml", sets / "my_set.yaml")
    study = STUDY | {"architecture_sets": ["my_set"]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")

    def dry_run(target):
        command = ["-n", "--snakefile", str(checkout / "Snakefile"), "--configfile", "study.yaml"]
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "snakemake",
                *command,
                "-p",
                "--quiet",
                "host",
                "--",
                f"results/entrance/{target}",
            ],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            capture_output=True,
            text=True,
        )

    drawn = dry_run("figures/fashion_mnist_my_set/clusters.png")
    assert drawn.returncode == 0, drawn.stderr
    assert "--dataset fashion_mnist --architecture-set my_set" in drawn.stdout + drawn.stderr
    for target in ("figures/fashion-mnist_my_set/clusters.png", "data/cifar10/data.json"):
        refused = dry_run(target)
        assert refused.returncode != 0
        assert "MissingRuleException" in refused.stdout + refused.stderr


def test_the_root_snakefile_is_the_workflow_and_nothing_else():
    module = ast.parse((ROOT / "Snakefile").read_text(encoding="utf-8"))
    docstring, statement = map(ast.unparse, module.body)
    assert "workflow/Snakefile" in docstring
    assert statement.startswith("workflow.include('workflow/Snakefile'")


def test_the_rate_limiter_that_the_workflow_takes_away_is_snakemakes():
    assert "self.job_rate_limiter =" in getsource(JobScheduler.__init__)
    handlers = (ROOT / "mnbench/handlers.py").read_text(encoding="utf-8")
    assert "scheduler.job_rate_limiter = None" in handlers
