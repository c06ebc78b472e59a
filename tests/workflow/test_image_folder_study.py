"""A study on a folder of images through Snakemake, from JPEG files to figures."""

import shutil

import pytest
import yaml
from support.image_folders import make_folder
from support.snakemake_runs import SMALL_STUDY, jobs_of, snakemake

from mnbench.evaluation.tables.files import read_table
from mnbench.planning.plan import read_plan
from mnbench.planning.training_id import TrainingId
from mnbench.records.record import read_record

pytestmark = pytest.mark.slow

SIZE = 16
PARETO = "results/tiny/figures/pets_v5-small/pareto_training_flops.png"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a finished study, and what Snakemake printed."""
    place = tmp_path_factory.mktemp("study")
    make_folder(place / "images", ("cat", "dog", "hen"), each=60, suffix=".jpg", size=SIZE)
    entry = {"name": "pets", "folder": "images", "image_size": SIZE, "title": "Three pets"}
    study = SMALL_STUDY | {
        "datasets": [entry],
        "data": {"train_images": 90, "validation_images": 30},
        "approaches": {"full_data": None},
    }
    (place / "tiny.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    done = snakemake(place)
    assert done.returncode == 0, done.stderr
    return place, done


def test_images_become_records_tables_and_figures_with_a_title(finished):
    place, done = finished
    assert "reading the 360 images of 'pets'" in done.stderr
    assert (place / PARETO).is_file()
    summary = read_table(place / "results/tiny/summary.csv")
    assert set(summary["dataset"]) == {"pets"}
    assert '"datasetTitle":"Three pets"' in (place / "results/tiny/explorer.html").read_text()
    plan = read_plan(place / "results/tiny/plan.json")
    id = TrainingId("pets", "v5-small", 0, "full_data", "v13")
    record = read_record(place / "results/tiny/records" / id)
    assert record.dataset == "pets" and record.recipe_hash == plan.trainings[id].recipe_hash


def test_a_second_run_reads_and_does_nothing(finished):
    place, _ = finished
    again = snakemake(place, "-n", "--quiet", "rules")
    assert again.returncode == 0 and "reading the" not in again.stderr
    assert jobs_of(again.stdout + again.stderr) == {}


def test_a_changed_image_trains_anew_and_a_damaged_one_stops_before(finished, tmp_path):
    place = tmp_path / "study"
    shutil.copytree(finished[0], place)
    first, second = (place / f"images/train/cat/{number:04}.jpg" for number in (0, 1))
    whole = first.read_bytes()
    first.write_bytes(whole[:-40])
    refused = snakemake(place, "-n")
    assert refused.returncode != 0
    assert "1 of 360 files are refused: train/cat/0000.jpg: is damaged" in refused.stderr
    first.write_bytes(second.read_bytes())
    jobs = jobs_of(snakemake(place, "-n", "--quiet", "rules").stdout)
    assert jobs["full_data"] == "5" and jobs["dataset"] == "1"
