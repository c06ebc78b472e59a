"""What the tests of training share: the tiny study's images on the CPU."""

import pytest
from support.small_training import training_set

from mnbench.records.paths import StudyPaths
from mnbench.training.data import TrainingSet


@pytest.fixture(scope="session")
def data(prepared: StudyPaths) -> TrainingSet:
    """Training and validation images, to be read only."""
    return training_set(prepared)
