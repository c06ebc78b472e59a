"""Table ``histories``: every epoch of every training whose history can be read."""

import pytest
from support.toy_records import COSTS, MOTHER, edit, plan_of

from mnbench.errors import UserError
from mnbench.evaluation.tables import histories
from mnbench.records.record import HISTORY, RECORD, write_history
from mnbench.records.store import RecordStore


def test_histories_have_a_row_an_epoch(records):
    frame = histories.of_records(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(histories.COLUMNS)
    assert len(frame) == 2 * len(COSTS)
    rows = frame[frame["record"] == str(MOTHER)]
    assert rows["epoch"].tolist() == [1, 2]
    assert set(rows["role"]) == {"mothernet"}


@pytest.mark.filterwarnings("error::FutureWarning")
def test_a_training_without_epochs_has_no_row_and_changes_no_type(records):
    before = histories.of_records(RecordStore(plan_of(), records))
    write_history(records / MOTHER, [])
    edit(records / MOTHER / RECORD, checksums={})
    frame = histories.of_records(RecordStore(plan_of(), records))
    assert len(frame) == len(before) - 2 and str(MOTHER) not in set(frame["record"])
    assert frame.dtypes.equals(before.dtypes)


@pytest.mark.parametrize("content", ["", "epoch,phase\n1,scratch\n"])
def test_a_damaged_history_is_refused(records, content):
    (records / MOTHER / HISTORY).write_text(content)
    edit(records / MOTHER / RECORD, checksums={})
    store = RecordStore(plan_of(), records)
    with pytest.raises(UserError, match=r"mothernet/history\.csv: not a readable history"):
        store.history(MOTHER)
    assert str(MOTHER) not in histories.of_records(store)["record"].tolist()
