"""Profiles: what they name is there, and none sets what belongs to a study."""

from pathlib import Path

import pytest
import yaml

from mnbench.figures import FIGURES
from mnbench.planning.config import Study

ROOT = Path(__file__).parents[2]
PROFILES = sorted(ROOT.glob("profiles/*/config.yaml"))


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_holds_no_science(path):
    assert not {"config", "configfile", *Study.__dataclass_fields__} & set(read(path))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_run_goes_on_locks_by_itself_and_resumes(path):
    profile = read(path)
    assert profile["keep-going"] and profile["nolock"] and profile["rerun-incomplete"]


def test_a_cluster_draws_all_figures_in_one_job():
    profile = read(ROOT / "profiles/slurm/config.yaml")
    assert profile["groups"] == [f"{name}=figures" for name in FIGURES]


def test_a_cluster_is_asked_for_a_bounded_number_of_jobs():
    assert read(ROOT / "profiles/slurm/config.yaml")["jobs"] <= 100
