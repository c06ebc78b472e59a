"""The README tells the truth: its table, its columns and its example are the project's own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support.snakemake_runs import SMALL_STUDY

from mnbench.checkout import approach_modules
from mnbench.evaluation.tables import TITLES, table_module
from mnbench.evaluation.tables.files import read_table
from mnbench.report.claims_page import TABLES as CLAIMS_TABLES
from mnbench.report.claims_page import claims_page
from mnbench.report.generated import PAGES, generated_pages
from mnbench.report.overview import TABLES as OVERVIEW_TABLES
from mnbench.report.overview import summary_page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RUNS = [
    ROOT / "results" / name
    for name in (
        "default-run",
        "reference",
        "reference-25",
        "convergence",
        "hundred",
        "families",
        "improved",
        "colour",
        "colour-small",
        "colour-convergence",
        "fewer",
        "scale",
    )
]
DEFAULT, REFERENCE = RUNS[:2]


def test_every_generated_page_is_as_the_code_and_the_committed_tables_say():
    for path, text in generated_pages(ROOT, approach_modules()).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path}: run `mnbench docs`"


def test_the_installed_command_writes_every_generated_page_of_the_checkout_around_it(tmp_path):
    checkout, package = tmp_path / "checkout", tmp_path / "package"
    for folder in (package, *(checkout / name for name in ("docs", "workflow", "benchmarks"))):
        folder.mkdir(parents=True)
    # The script's own folder is first on its path, and not the checkout: as for a user.
    (package / "mnbench").symlink_to(ROOT / "mnbench")
    for name in ("baselines", "results", "workflow/numbers", "benchmarks/results"):
        (checkout / name).symlink_to(ROOT / name)
    for page in PAGES:  # whose prose is kept
        shutil.copy(ROOT / page, checkout / page)
    run = subprocess.run(
        [Path(sys.executable).with_name("mnbench"), "docs"],
        cwd=checkout / "docs",
        env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert set(run.stdout.split()) == set(map(str, generated_pages(ROOT, approach_modules())))
    for page in run.stdout.split():
        assert (checkout / page).read_bytes() == (ROOT / page).read_bytes(), page


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_the_committed_documents_are_those_of_the_committed_tables(folder):
    tables = {name: read_table(folder / f"{name}.csv") for name in OVERVIEW_TABLES}
    assert (folder / "summary.md").read_text(encoding="utf-8") == summary_page(tables)


@pytest.mark.parametrize("folder", RUNS, ids=lambda folder: folder.name)
def test_the_committed_verdicts_are_those_of_the_committed_tables(folder):
    tables = {name: read_table(folder / f"{name}.csv") for name in CLAIMS_TABLES}
    page = claims_page(folder.name, "training_flops", tables)
    assert (folder / "claims.md").read_text(encoding="utf-8") == page


def test_a_summary_says_that_the_rule_of_convergence_ended_the_trainings():
    tables = {name: read_table(DEFAULT / f"{name}.csv") for name in OVERVIEW_TABLES}
    said = "Converged: the rule of convergence ended the trainings.\n"
    assert said not in summary_page(tables)
    tables["networks"] = tables["networks"].assign(ended="rule")
    assert said in summary_page(tables)


def test_a_summary_says_of_how_many_seeds_a_time_is():
    tables = {name: read_table(DEFAULT / f"{name}.csv") for name in OVERVIEW_TABLES}
    rows = tables["estimates"].assign(seeds=3)
    for timed, words in ((3, ""), (1, "; 1 of 3 seeds"), (0, "")):
        times = rows.assign(timed_seeds=timed, cpu_seconds=7.0, cpu_seconds_low=float("nan"))
        page = summary_page(tables | {"estimates": times})
        assert f"| 7.0{words} |" in page


@pytest.mark.parametrize("name", TITLES)
def test_every_column_is_documented(name):
    page = (ROOT / "docs/outputs.md").read_text(encoding="utf-8")
    for column, meaning in table_module(name).COLUMNS.items():
        is_end = column.endswith(("_low", "_high"))
        assert is_end or re.search(rf"\| `{column}`[^|]*\| {re.escape(meaning)} \|", page), column


def test_every_file_it_names_is_there():
    studies = "results/default-run|results/reference|results/reference-25|results/families"
    folders = f"mnbench|baselines|workflow|config|{studies}|tests"
    named = re.findall(rf"`((?:{folders})/[^`<*\s]*)`", README)
    named += re.findall(r"\]\(((?!#)[^)]+)\)", README)
    named = [name for name in named if "my" not in name and "label_smoothing" not in name]
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name.partition("#")[0]).exists(), name


@pytest.mark.slow
def test_the_whole_approach_that_it_shows_trains_and_is_evaluated(tmp_path):
    module, rule = re.findall(r"```(?:python|snakemake)\n(.*?)```", README, re.DOTALL)[1:]
    for folder in ("baselines", "workflow", "profiles"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "Snakefile", tmp_path)
    (tmp_path / "baselines/label_smoothing.py").write_text(module)
    (tmp_path / "workflow/rules/approaches/label_smoothing.smk").write_text(rule)
    study = SMALL_STUDY | {
        "study": "own",
        "approaches": {"full_data": None, "label_smoothing": {"smoothing": 0.2}},
    }
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(study))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "own.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = read_table(tmp_path / "results/own/summary.csv")
    errors = table[table["size"] == 5].set_index("approach")["test_error"]
    assert set(errors.index) == {"full_data", "label_smoothing"}
    assert errors["label_smoothing"] != errors["full_data"]
    # What `mnbench docs` makes the page of keys from.
    code = "from mnbench.checkout import approach_modules as modules\n"
    code += "from mnbench.planning.schema import study_schema; print(study_schema(modules()))"
    own = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=own, capture_output=True, text=True
    )
    assert "Share of a target that all classes divide." in done.stdout, done.stderr


def test_the_committed_runs_are_those_of_the_configurations():
    default = ROOT / "config/default.yaml"
    assert (DEFAULT / "config.yaml").read_text() == default.read_text()
    for folder in RUNS:
        study = yaml.safe_load((folder / "config.yaml").read_text())
        table = read_table(folder / "summary.csv")
        assert sorted(table["architecture_set"].unique()) == sorted(study["architecture_sets"])
        assert sorted(table["seed"].unique()) == study["seeds"]
        for approach, options in study["approaches"].items():
            for ensemble, own in options_of(options, study["architecture_sets"]).items():
                rows = table[
                    (table["approach"] == approach) & (table["architecture_set"] == ensemble)
                ]
                if rows.empty:
                    left_out = read_table(folder / "left_out.csv")
                    of_set = left_out[left_out["architecture_set"] == ensemble]
                    assert approach in of_set["approach"].tolist()
                    continue
                assert set(rows["g"].dropna()) == set(own.get("g", []))
                longer = own.get("longer", {}).get("budgets", [])
                assert set(rows["budget"]) == {*own.get("budgets", [1]), *longer}


def options_of(options: dict | None, ensembles: list[str]) -> dict[str, dict]:
    """An approach's options for each ensemble that it is for."""
    common = dict(options or {})
    named = common.pop("architecture_sets", ensembles)
    own = named if isinstance(named, dict) else dict.fromkeys(named)
    return {name: common | (extra or {}) for name, extra in own.items() if name in ensembles}


@pytest.mark.parametrize("column", ["training_flops", "examples", "epochs"])
def test_the_committed_run_bills_what_the_plan_says(column):
    table = read_table(REFERENCE / "summary.csv")
    assert isinstance(table, pd.DataFrame)
    # Exact costs do not depend on the seed.
    keys = ["architecture_set", "approach", "g", "budget", "variant", "size"]
    assert (table.groupby(keys, dropna=False)[column].nunique() == 1).all()
