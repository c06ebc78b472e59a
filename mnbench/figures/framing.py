"""The limits of error against cost: every main point with its interval, and room for labels.

Open this when a figure is mostly empty. The trap: a small point, of a much shorter training, may
err so much that all others would be squeezed; such a point lies beyond the upper limit, and
whoever draws says so at the edge.
"""

import pandas as pd
from matplotlib.axes import Axes

from mnbench.figures import style

_MOST_ABOVE = 1.0  # how far small points may lie above the main ones, as a multiple of their spread


def set_limits(axes: Axes, points: pd.DataFrame) -> None:
    """Set scale and limits, with room for labels; nothing drawn later changes them.

    Args:
        axes: of cost and error.
        points: with intervals, and whether each is ``small``.
    """
    points = _ranges(points)
    low, high = points["cost_low"].min(), points["cost_high"].max()
    style.scale_cost_axis(axes.xaxis, low, high)
    if axes.get_xscale() == "log":
        axes.set_xlim(low * (low / high) ** 0.23, high * (high / low) ** 0.1)
    else:
        # One point, or points that differ by seconds, are not blown up to the whole axis.
        spread = max(high - low, 0.3 * high)
        low, high = (low + high - spread) / 2, (low + high + spread) / 2
        axes.set_xlim(max(0, low - 0.23 * spread), high + 0.10 * spread)
    low, high = points["error_low"].min(), points["error_high"].max()
    main = points[~points["small"]]
    if not main.empty:
        widest = main["error_high"].max() - main["error_low"].min()
        high = min(high, main["error_high"].max() + _MOST_ABOVE * max(widest, 0.5))
    spread = max(high - low, 0.5)
    axes.set_ylim(max(0, (low + high) / 2 - 0.58 * spread), (low + high) / 2 + 0.58 * spread)


def _ranges(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points without the intervals of small ones, which are not drawn."""
    drawn = points.copy()
    for end in ("low", "high"):
        drawn[f"error_{end}"] = drawn[f"error_{end}"].where(~drawn["small"], drawn["error"])
    return drawn
