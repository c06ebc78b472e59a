"""Profiles: what they name is there, and none sets what belongs to a study."""

import re
from pathlib import Path

import pytest
import yaml
from support.snakemake_runs import SMALL_STUDY, snakemake

from mnbench.figures import FIGURES
from mnbench.planning.config import Study
from mnbench.planning.demand import LONGEST_MINUTES

ROOT = Path(__file__).parents[2]
PROFILES = sorted(ROOT.glob("profiles/*/config.yaml"))


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_a_profile_holds_no_science(path):
    assert not {"config", "configfile", *Study.__dataclass_fields__} & set(read(path))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_run_keeps_to_priorities_goes_on_locks_by_itself_and_resumes(path):
    profile = read(path)
    assert profile["scheduler"] == "greedy"
    assert profile["keep-going"] and profile["nolock"] and profile["rerun-incomplete"]


@pytest.mark.slow
def test_a_cluster_draws_all_figures_in_one_job(tmp_path):
    profile = read(ROOT / "profiles/slurm/config.yaml")
    assert "groups" not in profile  # a list of rules, which a new figure would have to join
    study = SMALL_STUDY | {"approaches": {"single_network": None}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    submits = ["--jobs", str(profile["jobs"]), "--group-components", *profile["group-components"]]
    done = snakemake(tmp_path, "--dry-run", "--workflow-profile", "none", *submits)
    assert done.returncode == 0, done.stderr
    jobs = re.split(r"^(?=\S)", done.stdout, flags=re.MULTILINE)
    (figures,) = [job for job in jobs if "Group job figures " in job]
    assert re.findall(r"^    rule (\w+):", figures, flags=re.MULTILINE) == sorted(FIGURES)
    # One after the other: a job for all at once asks for more cores than a node has.
    assert len(re.findall(r"resources: .*\bfigure=1\b", figures)) == len(FIGURES)
    assert "figure=1" in profile["resources"]
    assert "figure=local" in profile["set-resource-scopes"]


def test_a_cluster_is_asked_for_a_bounded_number_of_jobs():
    assert read(ROOT / "profiles/slurm/config.yaml")["jobs"] <= 100


@pytest.mark.slow
def test_no_training_asks_for_more_time_than_the_profile_says(tmp_path):
    limits = read(ROOT / "profiles/slurm/config.yaml")["resources"]
    assert f"longest_minutes={LONGEST_MINUTES}" in limits
    study = SMALL_STUDY | {
        "data": {"train_images": 50_000, "validation_images": 100},
        "recipe": {"epochs": 2000},
        "approaches": {"single_network": None},
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    submits = ["--dry-run", "--workflow-profile", "none", "--jobs", "9", "--resources"]
    for longest in ("2880", "77"):
        done = snakemake(tmp_path, *submits, f"longest_minutes={longest}")
        assert done.returncode == 0, done.stderr
        assert longest in re.findall(r"resources: .*gpu=0, runtime=(\d+)", done.stdout)
    done = snakemake(tmp_path, *submits, "longest_minutes=9")
    assert done.returncode == 1 and "mnbench: --resources longest_minutes=9: must" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("together", "minutes", "grouped"), [(2, 6, True), (8, 11, False)])
def test_trainings_that_share_a_job_fit_into_the_longest_time(tmp_path, together, minutes, grouped):
    """Ten minutes to start are shared; eight trainings would take more than twenty."""
    study = SMALL_STUDY | {"device": "auto", "approaches": {"full_data": None}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    done = snakemake(
        tmp_path,
        *("--dry-run", "--workflow-profile", "none", "--jobs", "9"),
        *("--group-components", f"short_trainings={together}"),
        *("--resources", "gpu=1", "longest_minutes=20"),
    )
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"resources: .*gpu=1, runtime=(\d+)", done.stdout)) == {str(minutes)}
    assert ("Group job short_trainings" in done.stdout) == grouped
