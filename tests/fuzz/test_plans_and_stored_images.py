"""A study's own files, its plan and its stored images, are read or refused in one line."""

import json
from functools import partial
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from support.fuzzing import Explorer, outcome, sizes
from support.hostile import damaged, json_files
from support.tiny import config, plan_of

from mnbench.datasets import read_train
from mnbench.datasets.npz import write_arrays
from mnbench.datasets.prepared import NOTE, TEST, TRAIN, check_prepared, write_note
from mnbench.datasets.test_set import read_evaluation_set
from mnbench.planning.lineage import Ensemble, LeftOut, Training
from mnbench.planning.plan import Plan, read_plan

APPROACHES = ("full_data", "mothernets", "treenets", "knowledge_distillation")
STUDY = config() | {"approaches": {name: config()["approaches"][name] for name in APPROACHES}}
KEYS = tuple({**Plan.__annotations__, **Training.__annotations__, **Ensemble.__annotations__})
WANTED = {"dataset": "fashion_mnist", "train_images": 4, "validation_images": 3}


def use(file: Path) -> None:
    """Ask a plan for all that commands ask it for."""
    plan = read_plan(file)
    assert plan.ensembles_hash
    for id, training in plan.trainings.items():
        assert plan.lineage([id])[-1] == id and training.recipe_hash
        assert plan.predecessors(id) is not None and plan.teachers(id) is not None
    for ensemble in plan.ensembles:
        assert set(ensemble.members) <= set(plan.lineage(ensemble.members))
    assert all(isinstance(out, LeftOut) for out in plan.left_out)
    assert plan.to_json()


@sizes(few=45, many=1200)
def test_a_plan_is_read_or_refused_in_one_line(cases: int, explore: Explorer, folder: Path):
    file = folder / "plan.json"
    original = json.loads(plan_of(STUDY).to_json())

    def check(content: bytes) -> None:
        file.write_bytes(content)
        outcome(lambda: use(file), file, folder.parent)

    explore(cases, json_files((original,), KEYS), check)


def store_images(folder: Path) -> None:
    """Store a few images as `mnbench dataset` does."""
    generator = np.random.default_rng(0)

    def images(number: int) -> np.ndarray:
        return generator.integers(0, 256, (number, 1, 28, 28), dtype=np.uint8)

    statistics = {key: np.ones(1, np.float32) for key in ("mean", "std")}
    write_arrays(
        folder / TRAIN,
        train_images=images(4),
        train_labels=np.arange(4),
        validation_images=images(3),
        validation_labels=np.arange(3),
        **statistics,
    )
    write_arrays(folder / TEST, test_images=images(2), test_labels=np.arange(2))
    write_note(folder, WANTED)


@sizes(few=30, many=800)
def test_stored_images_are_read_or_refused_in_one_line(cases: int, explore: Explorer, folder: Path):
    store_images(folder)
    originals = {name: (folder / name).read_bytes() for name in (NOTE, TRAIN, TEST)}
    readers = {TRAIN: read_train, TEST: partial(read_evaluation_set, name="test")}
    of_note = st.tuples(
        st.just(NOTE), json_files((json.loads(originals[NOTE]),), (*WANTED, "checksums", TRAIN))
    )
    of_arrays = st.sampled_from([TRAIN, TEST]).flatmap(
        lambda name: st.tuples(st.just(name), damaged(originals[name]))
    )

    def check(case: tuple[str, bytes]) -> None:
        name, content = case
        for other, original in originals.items():
            (folder / other).write_bytes(original)
        (folder / name).write_bytes(content)
        damaged_file = folder / name if name in readers else folder
        result = outcome(lambda: check_prepared(folder, WANTED), damaged_file, folder.parent)
        if name in readers:
            # The checksum finds everything; the reader has to bear what it would not find.
            assert content == originals[name] or isinstance(result, str)
            outcome(lambda: readers[name](folder / name), folder / name, folder.parent)

    explore(cases, st.one_of(of_note, of_arrays), check)
