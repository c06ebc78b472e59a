"""All tables of a study at once: they say what is missing, and need no torch."""

import time
from multiprocessing import active_children

import pandas as pd
import pytest
from support.fresh_process import run_fresh
from support.toy_records import B, plan_of, spoil_labels

from mnbench.errors import UserError
from mnbench.evaluation.tables import writing
from mnbench.evaluation.tables.files import read_table
from mnbench.evaluation.tables.writing import write_tables
from mnbench.records.store import RecordStore
from mnbench.report.overview import TABLES as OVERVIEW_TABLES
from mnbench.report.overview import summary_page


def test_the_tables_say_what_is_missing(records, tmp_path):
    spoil_labels(records)
    out = tmp_path / "tables"
    out.mkdir()
    (reason,) = write_tables(RecordStore(plan_of(), records), out, ["cpu_seconds"], replicates=20)
    assert "key 'test_labels'" in reason
    missing = pd.read_csv(out / "missing.csv")
    assert missing["reason"].unique().tolist() == [reason]
    assert missing["approach"].tolist() == ["full_data", "mothernets"]
    text = summary_page({name: read_table(out / f"{name}.csv") for name in OVERVIEW_TABLES})
    missing = "Missing: Full Data, seed 7, size 2, MotherNets, g = 2, seed 7, size 2"
    assert f"{missing}: {reason}." in text
    assert "| TreeNets | 2 |" in text
    assert str(B) not in pd.read_csv(out / "networks.csv")["record"].tolist()


def test_evaluation_imports_no_torch(records):
    plan_of().write(records / "plan.json")
    code = f"""
import sys
from pathlib import Path
from mnbench.evaluation.tables.writing import write_tables
from mnbench.planning.plan import read_plan
from mnbench.records.store import RecordStore
folder = Path({str(records)!r})
store = RecordStore(read_plan(folder / "plan.json"), folder)
write_tables(store, folder, ["cpu_seconds"], replicates=10)
assert "torch" not in sys.modules
"""
    run_fresh(code)


@pytest.mark.slow  # processes that import what evaluates
def test_a_process_that_is_killed_is_one_line(records, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "evaluate", lambda store, replicates, pool: killed(pool))

    def killed(pool):
        pool.submit(time.sleep, 60)
        while not (processes := active_children()):
            time.sleep(0.01)
        processes[0].kill()
        return pool.submit(time.sleep, 60).result()

    with pytest.raises(UserError, match="was killed, for want of memory perhaps; run the same"):
        write_tables(RecordStore(plan_of(), records), tmp_path, ["cpu_seconds"], processes=2)
