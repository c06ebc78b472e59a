"""What tests of architecture sets share: a set of their own."""

import pytest

from mnbench.architectures import load_architectures, sets


@pytest.fixture
def own_set(tmp_path, monkeypatch):
    """Write the file of an architecture set and load it."""

    def load(text):
        (tmp_path / "own.yaml").write_text(text)
        monkeypatch.setattr(sets, "_FOLDER", tmp_path)
        monkeypatch.setattr(sets, "ARCHITECTURE_SETS", ("own",))
        return load_architectures("own")

    return load
