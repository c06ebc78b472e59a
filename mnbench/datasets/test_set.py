"""Read ``test.npz``, for code that predicts after training.

Open this module to change how test images are read. The trap: training code must never import it. A
test follows the imports of the training code and fails if they lead here. Nothing else in
:mod:`mnbench.datasets` imports it.
"""

from pathlib import Path

import numpy as np

from mnbench.datasets.images import Images
from mnbench.datasets.npz import read_arrays


def read_test(path: Path) -> Images:
    """Read the ``test.npz`` that :func:`mnbench.datasets.prepare.prepare` wrote.

    Raises:
        UserError: the file is missing or damaged.
    """
    arrays = read_arrays(path, test_images=(np.uint8, 4), test_labels=(np.int64, 1))
    return Images(arrays["test_images"], arrays["test_labels"])
