"""Table ``reliability_bins``: every image is in a bin, and intervals hold the accuracies."""

from support.toy_records import LABELS, built, plan_of

from mnbench.evaluation.evaluate import evaluate
from mnbench.records.store import RecordStore


def test_a_reliability_diagram_has_intervals_and_holds_every_image(records):
    table = built("reliability_bins", evaluate(RecordStore(plan_of(), records), replicates=50))
    keys = ["approach", "g", "budget", "size"]
    assert (table.groupby(keys, dropna=False)["images"].sum() == len(LABELS)).all()
    filled = table[table["images"] > 0]
    assert filled["accuracy_low"].notna().any()
    known = filled.dropna(subset=["accuracy_low"])
    assert (known["accuracy_low"] <= known["accuracy"] + 1e-6).all()
    assert (known["accuracy"] <= known["accuracy_high"] + 1e-6).all()
    assert table[table["images"] == 0][["accuracy", "accuracy_low"]].isna().all(axis=None)
