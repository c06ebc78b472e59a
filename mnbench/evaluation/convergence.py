"""Were the networks trained long enough? One network alone, trained longer, tells."""

from dataclasses import dataclass

import pandas as pd

from mnbench.evaluation.comparisons import difference
from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import points

ALONE = "single_network"  # the approach that is one network, at several budgets
GAINS = ("dataset", "ensemble", "budget", "seeds", "gain", "gain_low", "gain_high")


def convergence(evaluation: Evaluation) -> pd.DataFrame:
    """Say how much error the single network still loses when it is trained longer.

    One row a data set, ensemble and longer budget: ``gain``, the error at budget 1 less that at the
    longer one, with its interval.
    """
    rows = []
    for (dataset, ensemble), of_ensemble in points(evaluation).items():
        alone = [point for point in of_ensemble if point.key.approach == ALONE]
        once = next((point for point in alone if point.key.budget == 1), None)
        for longer in (point for point in alone if point.key.budget > 1):
            found = difference(once, longer) if once else {}
            if "difference" in found:
                rows.append(
                    {
                        "dataset": dataset,
                        "ensemble": ensemble,
                        "budget": longer.key.budget,
                        "seeds": found["seeds"],
                        "gain": found["difference"],
                        "gain_low": found["difference_low"],
                        "gain_high": found["difference_high"],
                    }
                )
    return pd.DataFrame(rows, columns=list(GAINS))


@dataclass(frozen=True)
class Verdict:
    """Whether a study's networks have converged, and a sentence that says so."""

    converged: bool | None  # None where no longer run tells
    sentence: str


def verdict(gains: pd.DataFrame) -> Verdict:
    """Judge: *not converged* where the interval of a longer run's gain lies above zero.

    There, all comparisons are of networks that were stopped early.

    Args:
        gains: rows of :func:`convergence` of one data set and ensemble.
    """
    if gains.empty:
        return Verdict(None, "no longer run of one network tells whether it has converged")
    more = gains[gains["gain_low"] > 0]
    if more.empty:
        longest = gains.loc[gains["budget"].idxmax()]
        return Verdict(True, f"converged: {_gain(longest)}, no more than the noise")
    return Verdict(False, f"not converged: {_gain(more.loc[more['gain'].idxmax()])}")


def _gain(row: pd.Series) -> str:
    return f"one network gains {100 * row['gain']:.1f} points from ×{row['budget']:g} the epochs"
