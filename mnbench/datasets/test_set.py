"""Read ``test.npz`` and ``development.npz``, for code that predicts after training.

Open this module to change how these images are read. The trap: training code must never import it.
A test follows the imports of the training code and fails if they lead here. Nothing else in
:mod:`mnbench.datasets` imports it.
"""

from pathlib import Path

import numpy as np

from mnbench.datasets.images import Images
from mnbench.datasets.npz import read_arrays


def read_evaluation_set(path: Path, name: str) -> Images:
    """Read a file that :func:`mnbench.datasets.prepare.prepare` wrote.

    Args:
        path: the file.
        name: one of :data:`mnbench.datasets.registry.EVALUATION_SETS`.

    Raises:
        UserError: the file is missing or damaged.
    """
    kinds = {f"{name}_images": (np.uint8, 4), f"{name}_labels": (np.int64, 1)}
    return Images(*read_arrays(path, **kinds).values())
