"""Tables as files: written, read back and selected from; a damaged one is named."""

import pandas as pd
import pytest
from support.toy_records import plan_of, summary_of

from mnbench.errors import UserError
from mnbench.evaluation.tables import histories, networks
from mnbench.evaluation.tables.files import read_table, select, write_table
from mnbench.records.store import RecordStore


def test_tables_come_back_from_csv_unchanged(records, tmp_path):
    store = RecordStore(plan_of(), records)
    for frame in (summary_of(records), networks.of_records(store), histories.of_records(store)):
        write_table(frame, tmp_path / "table.csv")
        pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv"), frame)


@pytest.mark.parametrize("name", ["null", "NA", "nan", "None", "10", "1e3", "true", ""])
def test_names_that_look_like_something_else_stay_names(tmp_path, name):
    row = {"dataset": name, "architecture_set": "v5", "variant": name, "seed": 3, "test_error": 0.1}
    write_table(pd.DataFrame([row]), tmp_path / "table.csv")
    back = read_table(tmp_path / "table.csv")
    assert back.to_dict("records") == [row]
    assert len(select(back, name, "v5")) == 1


def test_points_of_tables_that_know_no_variants_are_no_variants(records, tmp_path):
    frame = summary_of(records)
    assert set(frame["variant"]) == {""}
    write_table(frame.drop(columns="variant"), tmp_path / "table.csv")
    former = read_table(tmp_path / "table.csv")[list(frame)]
    pd.testing.assert_frame_equal(former, frame)


def test_a_damaged_table_is_named(tmp_path):
    path = tmp_path / "summary.csv"
    for content in (None, "", "some,thing\n1,2\n"):
        if content is not None:
            path.write_text(content)
        with pytest.raises(UserError, match=r"summary\.csv: not a readable table"):
            read_table(path)


def test_select_keeps_one_data_set_and_ensemble(records):
    frame = summary_of(records)
    other = pd.concat([frame.assign(dataset="other"), frame, frame.assign(architecture_set="trio")])
    pd.testing.assert_frame_equal(select(other, "toy", "pair"), frame)
