"""A record, whatever is in its files, is read or refused in one line; tables go on without it."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from support.fuzzing import Explorer, outcome, sizes
from support.hostile import damaged, json_files
from support.toy_records import B, built, plan_of, write_records

from mnbench.evaluation.evaluate import evaluate
from mnbench.evaluation.unread import reasons
from mnbench.records.failure import Failure
from mnbench.records.record import FILES, HISTORY, PREDICTIONS, RECORD, WEIGHTS, Cost, Record
from mnbench.records.store import RecordStore
from mnbench.records.validity import standing

PLAN = plan_of()
KEYS = (*Record.__annotations__, *Cost.__annotations__, "failure", "name", "architecture")


def contents(record: Path) -> tuple[dict[str, Any], ...]:
    """Return what a ``record.json`` may be: in full, by another program, of a failure, former."""
    content = json.loads((record / RECORD).read_text(encoding="utf-8"))
    by_others = {key: content[key] for key in content if key not in ("checksums", "details")}
    cost = content["cost"]
    flops = {"flops" if key == "training_flops" else key: value for key, value in cost.items()}
    failed = {
        "id": content["id"],
        "recipe_hash": content["recipe_hash"],
        "failure": vars(Failure("diverged", "the loss is not finite")),
    }
    return content, by_others, failed, content | {"format": 2, "cost": flops}


def use(records: Path) -> None:
    """Read all of a record, as tables and figures do."""
    store = RecordStore(PLAN, records)
    assert store.record(B).cost == store.cost([B])
    assert len(store.history(B).columns) > 0
    for split in ("validation", "test"):
        assert store.log_probabilities(B, split).ndim == 3


def tables(records: Path) -> None:
    """Evaluate all records and build tables: a record that is refused is only left out."""
    standing(records / B, PLAN.trainings[B])
    store = RecordStore(PLAN, records)
    evaluation = evaluate(store, replicates=0)
    assert all(reason.isprintable() for reason in reasons(evaluation.missing, store))
    for name in ("summary", "estimates"):
        assert built(name, evaluation) is not None


@sizes(few=30, many=1500)
def test_a_record_is_read_or_refused_in_one_line(cases: int, explore: Explorer, folder: Path):
    records = folder / "records"
    write_records(records)
    originals = {name: (records / B / name).read_bytes() for name in FILES}
    without_checksums = json.dumps(contents(records / B)[1]).encode()
    of_record = st.tuples(st.just(RECORD), json_files(contents(records / B), KEYS))
    beside = st.sampled_from([HISTORY, HISTORY, PREDICTIONS, PREDICTIONS, WEIGHTS]).flatmap(
        lambda name: st.tuples(st.just(name), damaged(originals[name]))
    )

    def check(case: tuple[str, bytes]) -> None:
        name, content = case
        for other in FILES:
            (records / B / other).write_bytes(originals[other])
        (records / B / RECORD).write_bytes(without_checksums)
        (records / B / name).write_bytes(content)
        outcome(lambda: use(records), records / B / name, folder.parent)
        assert outcome(lambda: tables(records), records / B / name, folder.parent) is None

    explore(cases, st.one_of(of_record, of_record, beside), check)
