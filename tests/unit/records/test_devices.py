"""Seconds of different devices are not compared."""

import json

from support.tiny import id_of

from mnbench.planning.plan import read_plan
from mnbench.records.record import RECORD
from mnbench.records.store import RecordStore


def test_times_of_another_device_are_no_timing_but_its_flops_count(study):
    id, other = id_of(study, "full_data/v13"), id_of(study, "full_data/v16")
    plan = read_plan(study.plan)
    before = RecordStore(plan, study.records)
    assert before.of_other_devices == frozenset() and not before.cost([id]).shared_device
    file = study.record(id) / RECORD
    content = json.loads(file.read_text())
    content["environment"] |= {"device": "cuda", "device_name": "NVIDIA H100"}
    file.write_text(json.dumps(content))
    after = RecordStore(plan, study.records)
    assert after.of_other_devices == {id} and after.devices[id] == "cuda NVIDIA H100"
    assert after.cost([id]).shared_device and after.cost([id, other]).shared_device
    assert not after.cost([other]).shared_device
    assert after.cost([id, other]).training_flops == before.cost([id, other]).training_flops


def test_a_training_that_changed_its_device_spoils_the_timing_of_its_ensembles(study):
    id, other = id_of(study, "full_data/v13"), id_of(study, "full_data/v16")
    file = study.record(id) / RECORD
    content = json.loads(file.read_text())
    content["cost"] |= {"held_seconds": 0.0, "device_seconds": 1e-6}  # hardly any of both
    file.write_text(json.dumps(content))
    store = RecordStore(read_plan(study.plan), study.records)
    assert store.cost([id]).shared_device and store.cost([id, other]).shared_device
    assert not store.cost([other]).shared_device


def test_without_records_no_device_is_another_one(study, tmp_path):
    store = RecordStore(read_plan(study.plan), tmp_path)
    assert store.devices == {} and store.of_other_devices == frozenset()
