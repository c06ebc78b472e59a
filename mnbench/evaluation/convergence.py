"""Whether a study's networks have converged, judged by what longer training gains.

Open this module to see when networks count as converged. The trap: a study without a longer run of
one network cannot tell, and :attr:`Converged.converged` is None.
"""

from dataclasses import dataclass

import pandas as pd

from mnbench.evaluation.bootstrap import MINIMUM_SEEDS
from mnbench.naming import approach_title, epochs

MARGIN = 0.01  # of error, what claims call comparable: to gain less is to have converged


@dataclass(frozen=True)
class Converged:
    """Whether a study's networks have converged, and a sentence that says so.

    Attributes:
        converged: None where no longer run settles it.
        sentence: without capital and full stop.
    """

    converged: bool | None
    sentence: str


def convergence_of(gains: pd.DataFrame, networks: pd.DataFrame) -> Converged:
    """Return whether networks have converged, judged by the intervals of what longer runs gain.

    *Not converged* where an interval lies above :data:`MARGIN`: there, every comparison is of
    networks that were stopped early. *Converged* where all end below it. Between, or with too few
    seeds, it is not settled. Trained to convergence, networks have converged where the rule ended
    trainings and no cap did; a snapshot's cycle has a fixed length there too.

    Args:
        gains: rows of the table ``convergence``, of one data set and architecture set.
        networks: rows of the table ``networks``, of the trainings that are judged.
    """
    ended = networks["ended"]
    if (ended == "cap").any():
        capped = networks.loc[ended == "cap", "approach"].iloc[0]
        return Converged(
            False, f"not converged: max_epochs ended trainings of {approach_title(capped)}"
        )
    if (ended == "rule").any():
        return Converged(True, "converged: the rule of convergence ended the trainings")
    known = gains.dropna(subset=["gain_low", "gain_high"])
    if known.empty:
        return Converged(None, "no longer run of one network tells whether it has converged")
    largest = known.loc[known["gain"].idxmax()]
    if (known["seeds"] < MINIMUM_SEEDS).any():
        return Converged(
            None, f"not settled with fewer than {MINIMUM_SEEDS} seeds: {_gain(largest)}"
        )
    if (known["gain_low"] > MARGIN).any():
        early = known[known["gain_low"] > MARGIN]
        return Converged(False, f"not converged: {_gain(early.loc[early['gain'].idxmax()])}")
    if (known["gain_high"] < MARGIN).all():
        return Converged(True, f"converged: {_gain(largest)}")
    return Converged(None, f"not settled whether converged: {_gain(largest)}")


def _gain(row: pd.Series) -> str:
    gain, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
    several = f", in the mean of {row['networks']}" if row["networks"] > 1 else ""
    return (
        f"one network gains {gain:.1f} points ({low:.1f} to {high:.1f}) from "
        f"{epochs(row['budget'])}{several}"
    )
