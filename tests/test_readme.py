"""The README tells the truth: its table, its columns and its example are the project's own."""

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from mnbench.evaluation.convergence import verdict
from mnbench.evaluation.overview import overview
from mnbench.evaluation.tables import SUMMARY_COLUMNS, read_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "results/reference"
GAINS = pd.read_csv(REFERENCE / "convergence.csv")


def test_the_table_is_that_of_the_committed_run():
    table = overview(read_table(REFERENCE / "estimates.csv"), GAINS)
    assert table == (REFERENCE / "summary.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert len(rows) > 10
    for row in rows:
        assert row in README


def test_every_column_is_documented():
    for column, meaning in SUMMARY_COLUMNS.items():
        assert f"| `{column}` | {meaning} |" in README


def test_every_file_it_names_is_there():
    folders = "mnbench|baselines|workflow|config|results/reference|tests"
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


def test_what_it_says_of_convergence_is_what_was_found():
    assert verdict(GAINS).sentence in " ".join(README.split())


def test_the_committed_runs_are_those_of_the_configurations():
    for folder, config in ((REFERENCE, "default"), (REFERENCE / "families", "families")):
        study = yaml.safe_load((ROOT / f"config/{config}.yaml").read_text())
        table = read_table(folder / "summary.csv")
        assert sorted(table["ensemble"].unique()) == sorted(study["ensembles"])
        assert sorted(table["seed"].unique()) == study["seeds"]
        for approach, options in study["approaches"].items():
            rows = table[table["approach"] == approach]
            assert set(rows["g"].dropna()) == set((options or {}).get("g", []))
            assert set(rows["budget"]) == set((options or {}).get("budgets", [1]))


@pytest.mark.parametrize("column", ["training_flops", "examples", "epochs"])
def test_the_committed_run_bills_what_the_plan_says(column):
    table = read_table(REFERENCE / "summary.csv")
    assert isinstance(table, pd.DataFrame)
    # Exact costs do not depend on the seed.
    keys = ["approach", "g", "budget", "size"]
    assert (table.groupby(keys, dropna=False)[column].nunique() == 1).all()
