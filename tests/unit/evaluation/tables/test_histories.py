"""Table ``histories``: every epoch of every training whose history can be read."""

import pytest
from support.toy_records import COSTS, MOTHER, edit, plan_of

from mnbench.errors import UserError
from mnbench.evaluation.tables import histories
from mnbench.records.record import HISTORY, RECORD
from mnbench.records.store import RecordStore


def test_histories_have_a_row_an_epoch(records):
    frame = histories.of_records(RecordStore(plan_of(), records))
    assert list(frame.columns) == list(histories.COLUMNS)
    assert len(frame) == 2 * len(COSTS)
    rows = frame[frame["record"] == str(MOTHER)]
    assert rows["epoch"].tolist() == [1, 2]
    assert set(rows["role"]) == {"mothernet"}


@pytest.mark.parametrize("content", ["", "epoch,phase\n1,scratch\n"])
def test_a_damaged_history_is_refused(records, content):
    (records / MOTHER / HISTORY).write_text(content)
    edit(records / MOTHER / RECORD, checksums={})
    store = RecordStore(plan_of(), records)
    with pytest.raises(UserError, match=r"mothernet/history\.csv: not a readable history"):
        store.history(MOTHER)
    assert str(MOTHER) not in histories.of_records(store)["record"].tolist()
