"""Where a study keeps what it makes, below ``results/<study>``.

Open it to move a file. The trap: a checkpoint is no output of any rule, and no more is the copy of
a ``record.json``, since Snakemake deletes outputs before a job starts and after it fails.
"""

from dataclasses import dataclass
from pathlib import Path

from mnbench.planning.training_id import TrainingId


@dataclass(frozen=True)
class StudyPaths:
    """The folder of one study."""

    root: Path

    @property
    def plan(self) -> Path:
        """The plan, as JSON."""
        return self.root / "plan.json"

    @property
    def lock_of_study(self) -> Path:
        """The file that a run of the study locks; a second run then stops."""
        return self.root / "lock"

    @property
    def records(self) -> Path:
        """The folder whose subfolders are records, named by their ids."""
        return self.root / "records"

    @property
    def evaluated(self) -> Path:
        """The file that says which records the tables are of."""
        return self.root / "evaluated.json"

    @property
    def verified(self) -> Path:
        """The file that says which records' files were compared with their checksums."""
        return self.root / "verified.json"

    @property
    def runs(self) -> Path:
        """The log of the study's runs."""
        return self.root / "runs.csv"

    def record(self, id: TrainingId) -> Path:
        """Return the folder of a training's record."""
        return self.records / id

    def lock(self, id: TrainingId) -> Path:
        """Return the file that a job locks, so that one process writes a record."""
        return self.root / "locks" / id

    def checkpoint(self, id: TrainingId) -> Path:
        """Return the file from which a training resumes if it was interrupted."""
        return self.root / "checkpoints" / f"{id}.safetensors"

    def finished(self, id: TrainingId) -> Path:
        """Return the copy of a record's ``record.json``, which Snakemake does not know."""
        return self.root / "finished" / f"{id}.json"

    def data(self, dataset: str) -> Path:
        """Return the folder of a data set's stored images."""
        return self.root / "data" / dataset

    def data_note(self, dataset: str) -> Path:
        """Return the file that says which images are stored; it is written last."""
        return self.data(dataset) / "data.json"

    def train_data(self, dataset: str) -> Path:
        """Return the file of the training and validation images."""
        return self.data(dataset) / "train.npz"

    def test_data(self, dataset: str) -> Path:
        """Return the file of the test images: for prediction code only."""
        return self.data(dataset) / "test.npz"

    def development_data(self, dataset: str) -> Path:
        """Return the file of the development images: for prediction code only."""
        return self.data(dataset) / "development.npz"
