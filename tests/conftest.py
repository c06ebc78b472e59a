"""What all tests share: a tiny study, prepared once and trained once.

Open this to change what tests may train. The trap: `prepared`, `trained` and `tables_of_tiny` are
shared by the whole session; a test that changes files takes `study`.
"""

import shutil
from pathlib import Path

import hypothesis
import pytest
import torch
from support.tiny import prepare_study, train

from mnbench.evaluation.tables.writing import write_tables
from mnbench.planning.config import COST_AXES
from mnbench.planning.plan import read_plan
from mnbench.records.paths import StudyPaths
from mnbench.records.store import RecordStore

# No test may fail because the machine is busy, and a commit passes or fails whenever it is tested:
# its cases are drawn by a fixed seed. `pytest --hypothesis-profile hunt` looks for more of them.
hypothesis.settings.register_profile("mnbench", deadline=None, derandomize=True)
hypothesis.settings.register_profile("hunt", deadline=None, derandomize=False, max_examples=2000)
hypothesis.settings.load_profile("mnbench")

# As in a job: on a busy machine the threads of tiny networks wait for each other for minutes.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    """Return the tiny study's plan and data, to be read only."""
    return prepare_study(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="session")
def trained(prepared: StudyPaths, tmp_path_factory: pytest.TempPathFactory) -> StudyPaths:
    """Train the whole tiny study, to be read only."""
    paths = StudyPaths(tmp_path_factory.mktemp("trained"))
    shutil.copytree(prepared.root, paths.root, dirs_exist_ok=True)
    for id in read_plan(paths.plan).trainings:
        train(paths, id)
    return paths


@pytest.fixture(scope="session")
def tables_of_tiny(trained: StudyPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the tables of the tiny study, and its plan."""
    out = tmp_path_factory.mktemp("tables")
    plan = read_plan(trained.plan)
    write_tables(RecordStore(plan, trained.records), out, COST_AXES[:3], replicates=50)
    plan.write(out / "plan.json")
    return out


@pytest.fixture
def study(trained: StudyPaths, tmp_path: Path) -> StudyPaths:
    """Return a trained copy of the tiny study, to be changed at will."""
    shutil.copytree(trained.root, tmp_path / "study")
    return StudyPaths(tmp_path / "study")
