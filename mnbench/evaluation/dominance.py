"""Pareto fronts of error against cost."""

import moocore
import numpy as np
from numpy.typing import ArrayLike


def pareto_front(cost: ArrayLike, error: ArrayLike) -> np.ndarray:
    """Mark the points that no other beats: cheaper at no more error, or better at no more cost.

    Points that coincide (MotherNets with g = ensemble size are Full Data) are on the front together
    or not at all: which of them is listed first decides nothing.

    Args:
        cost: ``(points,)``, lower is better.
        error: ``(points,)``, lower is better.

    Returns:
        A mask ``(points,)`` of bool.
    """
    points = np.column_stack([cost, error]).astype(np.float64)
    if not len(points):
        return np.zeros(0, dtype=bool)
    return moocore.is_nondominated(points, maximise=False, keep_weakly=True)
