"""Pareto dominance of error against cost.

Open this module to see which points are on a front. The trap: points that coincide are on the front
together or not at all, so their order decides nothing.
"""

import moocore
import numpy as np
from numpy.typing import ArrayLike


def pareto_front(cost: ArrayLike, error: ArrayLike) -> np.ndarray:
    """Return which points no other point dominates, a mask ``(points,)`` of bool.

    A point dominates another if it is cheaper at no more error, or has less error at no more cost.

    Args:
        cost: ``(points,)``, lower is better.
        error: ``(points,)``, lower is better.

    >>> pareto_front(cost=[1, 2, 3], error=[0.3, 0.1, 0.2]).tolist()
    [True, True, False]
    """
    points = np.column_stack([cost, error]).astype(np.float64)
    if not len(points):
        return np.zeros(0, dtype=bool)
    return np.asarray(moocore.is_nondominated(points, maximise=False, keep_weakly=True))
