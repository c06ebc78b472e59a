"""What the tests of hatching share."""

import pytest
from support.real_images import real_batches


@pytest.fixture(scope="session")
def batches():
    return real_batches()
