"""No training code can reach the test images: by its imports, and by trying."""

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from support.tiny import DATASET, MODULES, TRAINERS, change_test_set, last_of, train

from mnbench.errors import UserError
from mnbench.records.predictions import read_predictions
from mnbench.records.record import HISTORY, WEIGHTS
from mnbench.training.progress import Progress
from mnbench.training.run import run

ROOT = Path(__file__).parents[3]
TRAINING = ("mnbench.training", "mnbench.mothernets", "mnbench.architectures", "baselines")
TEST_SET, PREDICTION = "mnbench.datasets.test_set", "mnbench.training.predict"


# By its imports


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {
    module_name(file): ast.parse(file.read_text())
    for package in ("mnbench", "baselines")
    for file in (ROOT / package).rglob("*.py")
}


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str  # a module of the project
    function: str | None  # the outermost function or class in which the import stands


def imports_of(importer: str) -> Iterator[Import]:
    """Every import of project modules, wherever in the module it stands."""
    for statement in TREES[importer].body:
        function = statement.name if hasattr(statement, "name") else None
        for node in ast.walk(statement):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{importer}: this test does not follow relative imports"
                # A name that is imported may be a module, too.
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                # Importing a module imports the packages around it.
                parts = name.split(".")
                for end in range(1, len(parts) + 1):
                    if (module := ".".join(parts[:end])) in TREES:
                        yield Import(importer, module, function)


IMPORTS = [found for importer in TREES for found in imports_of(importer)]


def reached(start: set[str], imports: list[Import]) -> set[str]:
    """The modules *start* and all that they import, directly or not."""
    found, frontier = set(), set(start)
    while frontier:
        found |= frontier
        frontier = {i.imported for i in imports if i.importer in found} - found
    return found


def training_modules() -> set[str]:
    return {name for name in TREES if name.startswith(TRAINING)} - {PREDICTION}


def test_the_walk_sees_imports_of_every_form():
    assert Import("mnbench.training.job", "mnbench.training.loop", None) in IMPORTS
    assert Import("mnbench.training.loop", "mnbench.training.checkpoint", None) in IMPORTS
    assert Import("baselines.mothernets", "mnbench.mothernets.hatching", "train") in IMPORTS
    assert "mnbench.datasets.npz" in reached({"mnbench.training.run"}, IMPORTS)
    assert len(training_modules()) > 20


def test_only_prediction_imports_the_test_set():
    assert {i.importer for i in IMPORTS if i.imported == TEST_SET} == {PREDICTION}


def test_prediction_is_imported_where_training_is_over_and_nowhere_else():
    users = {(i.importer, i.function) for i in IMPORTS if i.imported == PREDICTION}
    assert users == {("mnbench.training.run", "_write")}


def test_a_record_is_written_when_train_has_returned():
    (call,) = [
        node
        for node in ast.walk(TREES["mnbench.training.run"])
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_write"
    ]
    assert ast.unparse(call.args[0]) == "train(job)"  # an argument comes before the call


def test_without_that_one_import_training_reaches_neither():
    others = [i for i in IMPORTS if i.function != "_write" or i.imported != PREDICTION]
    assert len(others) < len(IMPORTS)
    assert {TEST_SET, PREDICTION}.isdisjoint(reached(training_modules(), others))
    assert TEST_SET in reached(training_modules(), IMPORTS)  # so the walk would have found it


def words(tree: ast.AST) -> set[str]:
    """All names, attributes, imported names and texts of a module but its documentation."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, documented)
    }
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                found.add(word)
            case ast.Constant(value=str(word)) if word not in docs:
                found.add(word)
    return found


@pytest.mark.parametrize("name", sorted(training_modules()))
def test_training_code_names_nothing_that_opens_test_images(name):
    found = words(TREES[name])
    if name == "mnbench.training.run":
        found -= {"test_data", "development_data"}  # the paths that _write hands to prediction
    readers = {"test_images", "test_labels", "test.npz", "load_test", "read_evaluation_set"}
    readers |= {"test_data", "development_data", "development_labels", "development.npz"}
    whole_parts = {"load", "load_bundled", "load_downloaded", "prepare", "read_arrays"}
    behind_its_back = {"importlib", "import_module", "__import__", "exec"}
    if name == "mnbench.training.prefork":  # imports what a job's command line names, opens nothing
        behind_its_back = {"__import__", "exec"}
    assert found & (readers | whole_parts | behind_its_back) == set()
    assert "eval" not in {node.id for node in ast.walk(TREES[name]) if isinstance(node, ast.Name)}


def test_only_preparation_loads_the_official_test_part():
    users = {name for name, tree in TREES.items() if "load_test" in words(tree)}
    assert users == {"mnbench.datasets.prepare"}


def test_test_data_is_named_by_writing_alone():
    job = TREES["mnbench.training.run"]
    for path in ("test_data", "development_data"):
        users = [part.name for part in job.body if path in words(part)]
        assert users == ["_write"]


# By trying


@pytest.mark.parametrize("damage", ["missing", "poisoned"])
@pytest.mark.parametrize("approach", TRAINERS)
def test_every_approach_trains_without_the_test_images(study, approach, damage):
    file, id = study.test_data(DATASET), last_of(study, approach)
    before = load_file(study.record(id) / WEIGHTS)
    shutil.rmtree(study.record(id))
    finished = []

    def watched(job):
        file.unlink()  # it was looked at when the job started, and now training begins
        if damage == "poisoned":
            file.write_bytes(b"whoever reads this fails")
        finished.append(MODULES[approach].train(job))
        return finished[-1]

    with pytest.raises(UserError) as caught:
        run(watched, study.plan, id, Progress(None, None))
    assert str(caught.value).startswith(f"{file}: not readable data")
    (trained,) = finished
    weights = trained.network.state_dict()
    assert weights.keys() == before.keys()
    assert all(np.array_equal(weights[key].numpy(), before[key]) for key in before)


@pytest.mark.parametrize("approach", TRAINERS)
def test_other_test_images_change_the_test_predictions_and_nothing_else(study, approach):
    id = last_of(study, approach)
    folder = study.record(id)

    def outcome():
        rows = (folder / HISTORY).read_text().splitlines()
        unmeasured = [row.split(",")[:-3] for row in rows]  # what is measured comes last
        validation = read_predictions(folder, "validation").logits.tobytes()
        return (folder / WEIGHTS).read_bytes(), unmeasured, validation

    before, test_before = outcome(), read_predictions(folder, "test").logits
    change_test_set(study, lambda images: 255 - images)
    shutil.rmtree(folder)
    train(study, id)
    assert outcome() == before
    assert not np.array_equal(read_predictions(folder, "test").logits, test_before)
