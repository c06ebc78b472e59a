"""Every file that a study keeps, spoiled in every way: the next run mends it, and it alone.

One run of the workflow mends many faults, each in a record of its own. So the faults of a way are
injected together, and each is looked at by itself.
"""

import shutil
from pathlib import Path

import pytest
from support.damage import DAMAGES
from support.fault_study import (
    TABLES,
    assert_as_if_nothing_had_happened,
    finish,
    finished,
    plan_of,
)
from support.tiny import interrupt_after_an_epoch

from mnbench.datasets.prepared import DATA_FILES
from mnbench.planning.training_id import TrainingId
from mnbench.records.paths import StudyPaths
from mnbench.records.record import FILES
from mnbench.training.begun import BEGUN

pytestmark = pytest.mark.long

ways = pytest.mark.parametrize("way", DAMAGES)


def trainings_of(study: StudyPaths, approach: str) -> list[TrainingId]:
    return sorted(id for id in plan_of(study).trainings if id.approach == approach)


@ways
def test_files_of_records(study, reference, injected, way):
    plan = plan_of(study)
    before = finished(study, plan)
    # Members and parents alike: the children of a spoiled record stay.
    spoiled = set()
    for approach in ("full_data", "mothernets"):
        ids = trainings_of(study, approach)
        for number, file in enumerate(FILES):
            other = ids[-1]
            DAMAGES[way](study.record(ids[number]) / file, study.record(other) / file)
            spoiled |= {ids[number], other} if "swapped" in way else {ids[number]}
            injected(f"a record's {file}", way)
    finish(study.root.parents[1], TABLES)
    after = finished(study, plan)
    assert {id: after[id] for id in before if id not in spoiled} == {
        id: time for id, time in before.items() if id not in spoiled
    }
    assert_as_if_nothing_had_happened(study, reference)


@ways
def test_checkpoints(study, reference, injected, way):
    plan = plan_of(study)
    ids = [*trainings_of(study, "full_data"), *trainings_of(study, "snapshot_ensembles")][:6]
    for id in ids:
        shutil.rmtree(study.record(id))
        interrupt_after_an_epoch(study, id)
        assert study.checkpoint(id).exists()
    before = finished(study, plan)
    for index, suffix in ((0, ".safetensors"), (1, ".safetensors"), (2, BEGUN), (3, BEGUN)):
        file, other = (study.checkpoint(ids[i]).with_suffix(suffix) for i in (index, 4))
        DAMAGES[way](file, other)
        injected("a checkpoint" if suffix != BEGUN else "a count of steps", way)
    finish(study.root.parents[1], TABLES)
    after = finished(study, plan)
    assert {id: after[id] for id in before} == before
    assert_as_if_nothing_had_happened(study, reference)


@ways
def test_stored_images(study, reference, injected, way):
    plan = plan_of(study)
    shutil.rmtree(study.record(trainings_of(study, "mothernets")[0]))
    before = finished(study, plan)
    for file in DATA_FILES:
        path = study.data("fashion_mnist") / file
        DAMAGES[way](path, _copy(study.plan))
        injected(f"a data set's {file}", way)
    finish(study.root.parents[1], TABLES)
    after = finished(study, plan)
    assert {id: after[id] for id in before} == before
    assert_as_if_nothing_had_happened(study, reference)


# A folder or a link in the place of a table no disk or kill makes. Snakemake refuses it, by name.
@pytest.mark.parametrize("way", [way for way in DAMAGES if not way.startswith("a ")])
def test_what_a_study_notes_of_itself_and_its_tables(study, reference, injected, way):
    plan = plan_of(study)
    before = finished(study, plan)
    notes = [study.plan, study.evaluated, study.verified, study.lock_of_study]
    tables = [study.root / f"{name}.csv" for name in ("summary", "claims", "networks", "marks")]
    study.lock_of_study.write_text("12345", encoding="utf-8")  # of a run that was killed
    for file in [*notes, *tables]:
        other = tables[0] if file in notes else notes[0]
        DAMAGES[way](file, _copy(other))
        injected(f"a study's {file.name}", way)
    finish(study.root.parents[1], TABLES)
    assert finished(study, plan) == before
    assert_as_if_nothing_had_happened(study, reference)


def _copy(file: Path) -> Path:
    """Return a copy to swap a file with, so that one fault stays one."""
    copy = file.with_name(f"{file.name}.copy")
    copy.write_bytes(file.read_bytes() if file.is_file() else b"")
    return copy
