"""The whole pipeline through Snakemake: a tiny study on real images, in a folder of its own.

Most tests look at one finished study; each starts Snakemake, which takes seconds.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support.clockwork import calibrated
from support.snakemake_runs import SMALL_STUDY, command, jobs_of, snakemake

from mnbench.evaluation.tables import TITLES as TABLE_TITLES
from mnbench.evaluation.tables.files import read_table
from mnbench.evaluation.tables.summary import COLUMNS as SUMMARY_COLUMNS
from mnbench.figures import FIGURES, FORMATS
from mnbench.planning.critical_path import critical_paths
from mnbench.planning.plan import read_plan
from mnbench.records.record import FILES, PREDICTIONS, WEIGHTS, read_record
from mnbench.records.run_log import COMPLETE, read_runs
from mnbench.report import DOCUMENTS
from mnbench.timing.calibration import Machine, write_calibration

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

COSTS = ("training_flops", "cpu_seconds")  # a study's axes unless it says otherwise
TINY = SMALL_STUDY | {
    "data": {"train_images": 500, "validation_images": 200},
    "approaches": {
        "full_data": None,
        "bagging": None,
        "knowledge_distillation": None,
        "treenets": {"shared_layers": 2, "sizes": [3, 5]},
        "snapshot_ensembles": {"epochs_per_cycle": 1},
        "mothernets": {"g": [1, 2, 5], "hatched": {"epochs": 1}},
        "single_network": {"budgets": [1, 2]},
    },
}


def write_config(folder: Path, **changes: object) -> None:
    """Write the tiny study's configuration with some keys changed."""
    (folder / "tiny.yaml").write_text(yaml.safe_dump(TINY | changes), encoding="utf-8")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a folder with the finished study, and what Snakemake printed."""
    folder = tmp_path_factory.mktemp("study")
    write_config(folder)
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_every_record_table_and_figure_is_made(finished):
    folder, _ = finished
    study = folder / "results/tiny"
    plan = read_plan(study / "plan.json")
    for id, training in plan.trainings.items():
        for file in FILES:
            assert (study / "records" / id / file).is_file()
        assert read_record(study / "records" / id).recipe_hash == training.recipe_hash
        assert (folder / "logs/tiny" / f"{id}.log").read_text(encoding="utf-8")
    folder = study / "figures/fashion_mnist_v5-small"
    drawn = {stem for figure in FIGURES.values() for stem in figure.stems(COSTS).values()}
    assert {"pareto_training_flops", "pareto_cpu_seconds", "clusters"} <= drawn
    for stem in drawn:
        for format in FORMATS:
            assert (folder / f"{stem}.{format}").stat().st_size > 3_000
    for page in (*DOCUMENTS, *(f"{name}_table" for name in TABLE_TITLES)):
        assert (study / f"pages/{page}.html").is_file()
    assert "plotly" in (study / "explorer.html").read_text(encoding="utf-8")
    assert not list(study.glob("checkpoints/**/*.safetensors"))
    assert (study / "verified.json").is_file()  # the next run need not read them all again


def test_the_log_of_runs_has_what_the_run_took(finished):
    study = finished[0] / "results/tiny"
    first = read_runs(study / "runs.csv")[0]  # other tests train something anew
    assert (first.study, first.cores, first.outcome) == ("tiny", 2, COMPLETE)
    assert first.trainings == len(read_plan(study / "plan.json").trainings)
    assert 0 < first.training_seconds < first.wall_seconds * first.places


def test_the_report_has_every_figure_and_table_and_a_switch_of_the_cost_axis(finished):
    folder, _ = finished
    done = snakemake(folder, "--report", "report.html")
    assert done.returncode == 0, done.stderr
    report = (folder / "report.html").read_text(encoding="utf-8")
    for category in ("Claims", "Figures of cost", "Figures of networks", "Tables"):
        assert f'"{category}"' in report
    assert "System Message" not in report + done.stderr  # reST that docutils cannot read
    titles = [figure.title for figure in FIGURES.values()]
    for title in (*titles, *DOCUMENTS.values(), *TABLE_TITLES.values()):
        assert title in report
    # A label with two values, each of half a category's results, becomes a switch in the report.
    on_cost_axis = [figure for figure in FIGURES.values() if figure.cost_axis]
    for axis in COSTS:
        assert report.count(f'"cost axis": "{axis.replace("_", " ")}"') == len(on_cost_axis)
    for figure in FIGURES.values():
        assert figure.caption.split(".")[0][:60] in report


def test_the_table_has_a_row_for_each_ensemble_and_its_costs_add_up(finished):
    study = finished[0] / "results/tiny"
    table = read_table(study / "summary.csv")
    assert list(table) == list(SUMMARY_COLUMNS)
    sizes = {"treenets": 2, "single_network": 2, "mothernets": 15}
    for approach in TINY["approaches"]:
        assert (table["approach"] == approach).sum() == sizes.get(approach, 5)
    for column in ("test_error", "mean_member_error", "calibration_error"):
        assert table[column].between(0, 1).all()
    # Guessing among ten classes is wrong nine times in ten: the networks have learnt something.
    assert table["test_error"].min() < 0.6
    assert (table["negative_log_likelihood"] > 0).all()
    assert table.loc[table["size"] > 1, "disagreement"].between(0, 1).all()
    assert table.loc[table["size"] == 1, "disagreement"].isna().all()

    plan = read_plan(study / "plan.json")
    for row, ensemble in zip(table.itertuples(), plan.ensembles, strict=True):
        records = [read_record(study / "records" / id) for id in plan.lineage(ensemble.members)]
        assert row.training_flops == sum(record.cost.training_flops for record in records)
        assert row.examples == sum(record.cost.examples for record in records)
        assert row.cpu_seconds == pytest.approx(sum(r.cost.cpu_seconds for r in records))
        assert row.trainings == len(records)

    def row_of(approach: str, size: int = 5, **values: float) -> pd.Series:
        rows = table[(table["approach"] == approach) & (table["size"] == size)]
        for column, value in values.items():
            rows = rows[rows[column] == value]
        (row,) = rows.to_dict("records")
        return row

    # One epoch of 500 images a training: five networks, or a teacher and five, …
    assert row_of("full_data")["examples"] == row_of("bagging")["examples"] == 5 * 500
    assert row_of("knowledge_distillation")["examples"] == 6 * 500
    assert row_of("treenets")["examples"] == 500
    # … or all cycles, whichever snapshots predict, …
    assert row_of("snapshot_ensembles", size=3)["examples"] == 5 * 500
    assert row_of("mothernets", g=1)["examples"] == 6 * 500
    assert row_of("single_network", size=1, budget=2.0)["examples"] == 2 * 500
    # … and g = ensemble size is Full Data, to the last bit.
    shared = [column for column in SUMMARY_COLUMNS if column not in ("approach", "g")]
    full, all_clusters = row_of("full_data"), row_of("mothernets", g=5)
    assert [full[column] for column in shared] == [all_clusters[column] for column in shared]


def test_every_hatching_was_measured(finished):
    study = finished[0] / "results/tiny"
    hatched = [
        read_record(study / "records" / id)
        for id in read_plan(study / "plan.json").trainings
        if "_from_" in id.name
    ]
    assert len(hatched) == 9
    assert all(0 <= record.details["hatching_difference"] < 1e-4 for record in hatched)


def notes_of(folder: Path) -> Iterator[Path]:
    """Yield what Snakemake has noted of each file that it made."""
    return filter(Path.is_file, (folder / ".snakemake/metadata").rglob("*"))


def test_the_longest_chains_of_work_start_first(finished):
    folder, _ = finished
    plan = read_plan(folder / "results/tiny/plan.json")
    work = critical_paths(plan)
    ready = [id for id, training in plan.trainings.items() if not training.parents]
    notes = [json.loads(file.read_text()) for file in notes_of(folder)]
    starts = {note["log"][0]: note["starttime"] for note in notes}
    started = sorted(ready, key=lambda id: starts[f"logs/tiny/{id}.log"])
    assert set(started[:2]) == set(sorted(ready, key=work.__getitem__)[-2:])  # on two cores


def test_core_seconds_are_divided_without_a_rest(finished, tmp_path):
    folder, _ = finished
    script = [sys.executable, ROOT / "benchmarks/utilisation.py", folder, "--results", tmp_path]
    subprocess.run(script, capture_output=True, text=True, check=True)
    trainings = len(read_plan(folder / "results/tiny/plan.json").trainings)
    (said,) = pd.read_csv(tmp_path / "about.csv")["pairs"]
    assert said.startswith("2 cores for ") and said.endswith(f", {trainings} trainings")
    shares = pd.read_csv(tmp_path / "utilisation.csv")["percent"]
    assert sum(shares) == pytest.approx(100, abs=0.5)
    assert shares[0] > 0


def test_predicted_seconds_stand_beside_those_of_a_finished_study(finished, tmp_path):
    folder, _ = finished
    plan = read_plan(folder / "results/tiny/plan.json")
    calibration = replace(calibrated(plan), machine=Machine.here(plan.device))
    write_calibration(tmp_path / "calibration.json", calibration)
    command = [sys.executable, ROOT / "benchmarks/plan_ahead.py", "tiny.yaml"]
    command += ["results/tiny/networks.csv", "--calibration", tmp_path / "calibration.json"]
    done = subprocess.run(
        [*command, "--results", tmp_path], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tmp_path / "plan_ahead.csv").set_index("trainings_of")
    assert {"Full Data", "MotherNets"} < set(rows.index)
    assert rows["predicted"]["all trainings"] == pytest.approx(sum(rows["predicted"][:-1]), abs=5)


def test_jobs_run_without_the_environment_active(tmp_path):
    write_config(tmp_path)
    done = subprocess.run(
        command("results/tiny/data/fashion_mnist/data.json"),
        cwd=tmp_path,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_plain_snakemake_in_a_checkout_loads_the_default_profile():
    plain = [sys.executable, "-m", "snakemake", "-n"]
    done = subprocess.run(plain, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "specific profile profiles/default for" in done.stderr + done.stdout


def test_a_second_run_does_nothing(finished):
    folder, _ = finished
    again = snakemake(folder)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stderr + again.stdout


def test_the_forecast_is_printed_once(finished):
    folder, first = finished
    for output in (first.stderr, snakemake(folder, "-n", "--forceall").stdout):
        assert output.count("predicted training TFLOPs") == 1
        assert output.count("disk: at most 0.") == 1
        rows = [
            line.split() for line in output.splitlines() if line.startswith(("total ", "baggin"))
        ]
        assert ["bagging", "5", "5"] in [row[:3] for row in rows]
        assert ["total", "34", "40"] in [row[:3] for row in rows]


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_of_a_record_is_made_again_for_the_tables(finished, file):
    folder, _ = finished
    lost = folder / "results/tiny/records/fashion_mnist/v5-small/seed0/bagging/v16" / file
    lost.rename(folder / "lost")
    dry = snakemake(folder, "-n", "--quiet", "rules").stdout
    (folder / "lost").rename(lost)
    counts = jobs_of(dry)
    assert (counts["bagging"], counts["tables"]) == ("1", "1"), dry
    assert "full_data" not in counts
    assert "Nothing to be done" in snakemake(folder, "-n").stdout


def test_a_deleted_record_is_trained_again_whatever_is_asked_for(finished):
    folder, _ = finished
    lost = folder / "results/tiny/records/fashion_mnist/v5-small/seed0/bagging/v16"
    lost.rename(folder / "lost")
    dry = snakemake(folder, "results/tiny/summary.csv", "-n", "--quiet", "rules").stdout
    (folder / "lost").rename(lost)
    assert jobs_of(dry) == {"bagging": "1", "tables": "1"}, dry


def test_the_terminal_shows_who_trains_and_quiet_shows_nothing(finished):
    folder, first = finished
    assert re.search(r"\[ ?\d+/34\] full_data v13 seed0: done: epoch 1, validation", first.stderr)
    shutil.rmtree(folder / "results/tiny/records/fashion_mnist/v5-small/seed0/bagging/v13")
    quiet = snakemake(folder, "results/tiny/summary.csv", "--quiet")
    assert quiet.returncode == 0, quiet.stderr
    assert "validation error" not in quiet.stderr + quiet.stdout
    log = folder / "logs/tiny/fashion_mnist/v5-small/seed0/bagging/v13.log"
    assert "validation error" in log.read_text(encoding="utf-8")


def test_a_changed_comment_retrains_nothing_and_a_changed_option_only_its_own_trainings(finished):
    folder, _ = finished
    file = folder / "tiny.yaml"
    file.write_text("# a remark\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert "Nothing to be done" in snakemake(folder, "results/tiny/summary.csv", "-n").stdout
    mothernets = TINY["approaches"]["mothernets"] | {"noise": 0}
    write_config(folder, approaches=TINY["approaches"] | {"mothernets": mothernets})
    dry = snakemake(folder, "-n", "--quiet", "rules").stdout
    write_config(folder)
    counts = jobs_of(dry)
    assert counts["mothernets"] == "9", dry
    assert not {"full_data", "bagging", "dataset"} & set(counts), dry


def test_the_number_of_cores_does_not_change_the_bits(finished, tmp_path):
    folder, _ = finished
    write_config(tmp_path, approaches={"mothernets": {"g": [2], "hatched": {"epochs": 1}}})
    done = snakemake(tmp_path, "--cores", "1", "results/tiny/summary.csv")
    assert done.returncode == 0, done.stderr
    plan = read_plan(tmp_path / "results/tiny/plan.json")
    assert len(plan.trainings) == 6
    for id in plan.trainings:
        for file in (WEIGHTS, PREDICTIONS):
            on_two, on_one = (
                study / "results/tiny/records" / id / file for study in (folder, tmp_path)
            )
            assert on_two.read_bytes() == on_one.read_bytes(), f"{id}/{file}"


@pytest.mark.long  # tests/faults kills at many more moments
def test_a_killed_study_resumes_and_keeps_what_was_finished(tmp_path):
    """Kill Snakemake and its jobs without warning, then run it again."""
    write_config(tmp_path, recipe={"epochs": 2}, approaches={"full_data": None})
    process = subprocess.Popen(
        command("results/tiny/summary.csv"),
        cwd=tmp_path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    records = tmp_path / "results/tiny/records"
    deadline = time.monotonic() + 120
    while len(list(records.glob("**/record.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in records.glob("**/record.json")}
    assert 3 <= len(kept) < 5
    again = snakemake(tmp_path, "results/tiny/summary.csv")
    assert again.returncode == 0, again.stderr
    assert len(read_table(tmp_path / "results/tiny/summary.csv")) == 5
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seds": [0]}, "unknown key 'seds'; did you mean 'seeds'?"),
        ({"recipe": {"epochs": -1}}, "key 'recipe.epochs' must be greater than 0, got -1"),
        ({"approaches": {"mothernets": {"g": [6]}}}, "allowed: 1 to 5"),
        ({"approaches": {"baging": None}}, "did you mean 'bagging'?"),
        ({"architecture_sets": ["v5_small"]}, "did you mean 'v5-small'?"),
    ],
)
def test_a_bad_config_is_one_line_before_anything_runs(tmp_path, change, said):
    write_config(tmp_path, **change)
    done = snakemake(tmp_path)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if "mnbench: " in line]
    assert len(lines) == 1
    assert lines[0].startswith("mnbench: tiny.yaml: ") and said in lines[0]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()
