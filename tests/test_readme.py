"""The README tells the truth: its table, its columns and its example are the project's own."""

import re
from pathlib import Path

import pandas as pd
import pytest
import torch

from mnbench.evaluation.overview import overview
from mnbench.evaluation.tables import SUMMARY_COLUMNS, read_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = ROOT / "results/reference"


def test_the_table_is_that_of_the_committed_run():
    table = overview(read_table(REFERENCE / "summary.csv"))
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


def test_the_single_network_has_converged():
    """What the README says of the regime, from the committed run: twice the epochs gain little."""
    table = read_table(REFERENCE / "summary.csv")
    alone = table[table["approach"] == "single_network"].groupby("budget")["test_error"].mean()
    gain = 100 * (alone[1.0] - alone[2.0])
    assert gain < 0.3
    assert f"{gain:.2f} points" in README


@pytest.mark.parametrize("column", ["training_flops", "examples", "epochs"])
def test_the_committed_run_bills_what_the_plan_says(column):
    table = read_table(REFERENCE / "summary.csv")
    assert isinstance(table, pd.DataFrame)
    # Exact costs do not depend on the seed.
    keys = ["approach", "g", "budget", "size"]
    assert (table.groupby(keys, dropna=False)[column].nunique() == 1).all()
