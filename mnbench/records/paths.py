"""Where a study keeps what it makes, below ``results/<study>``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StudyPaths:
    """The folder of one study."""

    root: Path

    @property
    def plan(self) -> Path:
        """The plan, as JSON."""
        return self.root / "plan.json"

    @property
    def records(self) -> Path:
        """The folder whose subfolders are records, named by their ids."""
        return self.root / "records"

    def record(self, id: str) -> Path:
        """One record's folder."""
        return self.records / id

    def checkpoint(self, id: str) -> Path:
        """Where the training *id* goes on from if it was interrupted."""
        return self.root / "checkpoints" / f"{id}.safetensors"

    def train_data(self, dataset: str) -> Path:
        """Training and validation images."""
        return self.root / "data" / dataset / "train.npz"

    def test_data(self, dataset: str) -> Path:
        """Test images: for prediction code only."""
        return self.root / "data" / dataset / "test.npz"
