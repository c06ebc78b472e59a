"""Local GPUs through Snakemake: as many trainings as there are slots, unless the user says more.

The driver is pretended, and so torch finds that it can use no GPU: the trainings run on the CPU.
"""

import re

import pytest
import yaml
from support.pretended_gpus import write_driver
from support.snakemake_runs import SMALL_STUDY, snakemake

from mnbench.training.gpus import torch_cuda

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(torch_cuda() is None, reason="this torch was built for CPUs"),
]

DATA = "results/tiny/data/fashion_mnist/data.json"
RECORDS = [
    f"results/tiny/records/fashion_mnist/v5-small/seed0/full_data/{name}/record.json"
    for name in ("v13", "v16", "v19")
]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that makes a folder with a study, on a machine with so many GPUs."""

    def make(gpus, device="auto", serves=99):
        write_driver(tmp_path / "driver", gpus, serves)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "driver"))
        study = SMALL_STUDY | {"device": device, "approaches": {"full_data": None}}
        (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
        return tmp_path

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return make


def test_a_plain_run_starts_a_training_a_gpu_and_not_one_a_core(machine):
    done = snakemake(machine(1), "--cores", "4", *RECORDS)
    assert done.returncode == 0, done.stderr
    assert "Trainings run on GPUs: Pretended." in done.stderr
    started = re.findall(r"Execute (\d+) jobs", done.stderr)
    assert started == ["1"] * 4, done.stderr  # the data, and then one training after the other
    assert done.stderr.count("torch cannot use this machine's GPU") == 3


def test_a_gpu_whose_driver_is_too_old_for_torch_is_none(machine):
    done = snakemake(machine(1, serves=9), "--cores", "3", *RECORDS)
    assert done.returncode == 0, done.stderr
    said = f"serves CUDA 9.0, and torch was built for {torch_cuda()}: trainings run on the CPU."
    assert said in done.stderr
    started = re.findall(r"Execute (\d+) jobs", done.stderr)
    assert started == ["1", "3"], done.stderr  # the data, and then a training on each core


@pytest.mark.parametrize(
    ("gpus", "device", "options", "limit"),
    [
        (2, "auto", [], 2),
        (2, "auto", ["--resources", "gpu_jobs=3"], 6),
        (2, "auto", ["--resources", "gpu=5"], 5),  # the user's word
        (2, "cpu", [], None),
        (0, "auto", [], None),
    ],
)
def test_the_limit_is_the_number_of_slots(machine, gpus, device, options, limit):
    done = snakemake(machine(gpus, device), DATA, *options)
    assert done.returncode == 0, done.stderr
    limits = re.findall(r'Provided resources: .*\bgpu=(?:Resource\("gpu", )?(\d+)', done.stderr)
    assert limits == ([] if limit is None else [str(limit)]), done.stderr


def test_a_number_of_jobs_that_is_none_is_one_line(machine):
    done = snakemake(machine(1), DATA, "--resources", "gpu_jobs=0")
    assert done.returncode != 0
    assert "mnbench: --resources gpu_jobs=0: must be a whole number from 1 to 48" in done.stderr
