"""What the tests of evaluation share: the records of a toy study."""

from pathlib import Path

import pytest
from support.toy_records import write_records


@pytest.fixture
def records(tmp_path) -> Path:
    """Return a folder with the records, to be changed at will."""
    write_records(tmp_path)
    return tmp_path
