"""What the tests of figures share: a made-up study of every approach."""

import pytest
from support.synthetic_study import Study, study


@pytest.fixture(scope="session")
def full() -> Study:
    """Return the study, to be read only."""
    return study()
