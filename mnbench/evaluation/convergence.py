"""Whether a study's networks have converged, judged by what longer training gains.

Open this module to see when networks count as converged. The trap: a study without a longer run of
one network cannot tell, and :attr:`Converged.converged` is None.
"""

from dataclasses import dataclass

import pandas as pd

from mnbench.naming import epochs

MARGIN = 0.005  # of error: a network that gains less from a longer run has converged


@dataclass(frozen=True)
class Converged:
    """Whether a study's networks have converged, and a sentence that says so.

    Attributes:
        converged: None where no longer run settles it.
        sentence: without capital and full stop.
    """

    converged: bool | None
    sentence: str


def convergence_of(gains: pd.DataFrame) -> Converged:
    """Return whether networks have converged, judged by the intervals of what longer runs gain.

    *Not converged* where an interval lies above zero: there, every comparison is of networks that
    were stopped early. *Converged* where all end below :data:`MARGIN`. Between, it is not settled.

    Args:
        gains: rows of the table ``convergence``, of one data set and architecture set.
    """
    known = gains.dropna(subset=["gain_low", "gain_high"])
    if known.empty:
        return Converged(None, "no longer run of one network tells whether it has converged")
    largest = known.loc[known["gain"].idxmax()]
    if (known["gain_low"] > 0).any():
        early = known[known["gain_low"] > 0]
        return Converged(False, f"not converged: {_gain(early.loc[early['gain'].idxmax()])}")
    if (known["gain_high"] < MARGIN).all():
        return Converged(True, f"converged: {_gain(largest)}")
    return Converged(None, f"not settled whether converged: {_gain(largest)}")


def _gain(row: pd.Series) -> str:
    gain, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
    return (
        f"one network gains {gain:.1f} points ({low:.1f} to {high:.1f}) from "
        f"{epochs(row['budget'])}"
    )
