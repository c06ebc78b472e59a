"""The README tells the truth: its table, its columns and its example are the project's own."""

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from mnbench.evaluation.tables.files import read_table
from mnbench.evaluation.tables.summary import COLUMNS as SUMMARY_COLUMNS
from mnbench.report.numbers import Results, fill
from mnbench.report.overview import overview

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
REFERENCE, FAMILIES = ROOT / "results/reference", ROOT / "results/families"


def test_every_number_is_written_from_the_committed_tables():
    template = (ROOT / "workflow/numbers/readme.md.jinja").read_text()
    results = {"reference": Results(REFERENCE), "families": Results(FAMILIES)}
    assert fill(README, template, results) == README


def test_the_overview_is_that_of_the_committed_estimates():
    # summary.md may say more (what is missing or left out), but no other number.
    for folder in (REFERENCE, FAMILIES):
        gains = read_table(folder / "convergence.csv")
        table = overview(read_table(folder / "estimates.csv"), gains)
        said = (folder / "summary.md").read_text()
        assert set(table.splitlines()) <= set(said.splitlines())


def test_every_column_is_documented():
    for column, meaning in SUMMARY_COLUMNS.items():
        assert f"| `{column}` | {meaning} |" in README


def test_every_file_it_names_is_there():
    folders = "mnbench|baselines|workflow|config|results/reference|results/families|tests"
    named = re.findall(rf"`((?:{folders})/[^`<*\s]*)`", README)
    named += re.findall(r"\]\(((?!#)[^)]+)\)", README)
    named = [name for name in named if "my" not in name]
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name).exists(), name


def test_the_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {"images": torch.randn(16, 1, 28, 28)}
    exec(code, names)
    assert str(names["common"]).endswith("8-8 | 16-16-16 | 32-32-32")
    assert names["child"](names["images"]).shape == (16, 10)


def test_the_committed_runs_are_those_of_the_configurations():
    for folder, config in ((REFERENCE, "reference"), (FAMILIES, "families")):
        study = yaml.safe_load((ROOT / f"config/{config}.yaml").read_text())
        table = read_table(folder / "summary.csv")
        assert sorted(table["architecture_set"].unique()) == sorted(study["architecture_sets"])
        assert sorted(table["seed"].unique()) == study["seeds"]
        for approach, options in study["approaches"].items():
            for ensemble, own in options_of(options, study["architecture_sets"]).items():
                rows = table[
                    (table["approach"] == approach) & (table["architecture_set"] == ensemble)
                ]
                if rows.empty:  # left out, and said so
                    said = (folder / "summary.md").read_text()
                    assert f"Left out: {approach}: " in said
                    continue
                assert set(rows["g"].dropna()) == set(own.get("g", []))
                assert set(rows["budget"]) == set(own.get("budgets", [1]))


def options_of(options: dict | None, ensembles: list[str]) -> dict[str, dict]:
    """An approach's options for each ensemble that it is for."""
    common = dict(options or {})
    named = common.pop("architecture_sets", ensembles)
    own = named if isinstance(named, dict) else dict.fromkeys(named)
    return {ensemble: common | (extra or {}) for ensemble, extra in own.items()}


@pytest.mark.parametrize("column", ["training_flops", "examples", "epochs"])
def test_the_committed_run_bills_what_the_plan_says(column):
    table = read_table(REFERENCE / "summary.csv")
    assert isinstance(table, pd.DataFrame)
    # Exact costs do not depend on the seed.
    keys = ["architecture_set", "approach", "g", "budget", "size"]
    assert (table.groupby(keys, dropna=False)[column].nunique() == 1).all()
