"""Were the networks trained long enough? One network alone, trained longer, tells."""

from dataclasses import dataclass

import pandas as pd

from mnbench.evaluation.ensembles import Evaluation
from mnbench.evaluation.points import points
from mnbench.evaluation.tables.comparisons import difference

ALONE = "single_network"  # the approach that is one network, at several budgets
MARGIN = 0.005  # of error: who gains less from a longer run has converged
GAINS = ("dataset", "architecture_set", "budget", "seeds", "gain", "gain_low", "gain_high")


def convergence(evaluation: Evaluation) -> pd.DataFrame:
    """Say how much error the single network still loses when it is trained longer.

    One row a data set, ensemble and longer budget: ``gain``, the error at budget 1 less that at the
    longer one, with its interval.
    """
    rows = []
    for (dataset, architecture_set), here in points(evaluation).items():
        alone = [point for point in here if point.key.approach == ALONE]
        once = next((point for point in alone if point.key.budget == 1), None)
        for longer in (point for point in alone if point.key.budget > 1):
            found = difference(once, longer) if once else {}
            if "difference" in found:
                rows.append(
                    {
                        "dataset": dataset,
                        "architecture_set": architecture_set,
                        "budget": longer.key.budget,
                        "seeds": found["seeds"],
                        "gain": found["difference"],
                        "gain_low": found["difference_low"],
                        "gain_high": found["difference_high"],
                    }
                )
    return pd.DataFrame(rows, columns=list(GAINS))


def of_ensemble(gains: pd.DataFrame, dataset: str, architecture_set: str) -> pd.DataFrame:
    """Keep the rows of one data set and ensemble."""
    return gains[(gains["dataset"] == dataset) & (gains["architecture_set"] == architecture_set)]


@dataclass(frozen=True)
class Verdict:
    """Whether a study's networks have converged, and a sentence that says so."""

    converged: bool | None  # None where no longer run settles it
    sentence: str


def verdict(gains: pd.DataFrame) -> Verdict:
    """Judge by the intervals of what longer runs gain.

    *Not converged* where one lies above zero: there, all comparisons are of networks that were
    stopped early. *Converged* where all end below :data:`MARGIN`. Anything between is not settled.

    Args:
        gains: rows of :func:`convergence` of one data set and ensemble.
    """
    known = gains.dropna(subset=["gain_low", "gain_high"])
    if known.empty:
        return Verdict(None, "no longer run of one network tells whether it has converged")
    most = known.loc[known["gain"].idxmax()]
    if (known["gain_low"] > 0).any():
        early = known[known["gain_low"] > 0]
        return Verdict(False, f"not converged: {_gain(early.loc[early['gain'].idxmax()])}")
    if (known["gain_high"] < MARGIN).all():
        return Verdict(True, f"converged: {_gain(most)}")
    return Verdict(None, f"not settled whether converged: {_gain(most)}")


def _gain(row: pd.Series) -> str:
    gain, low, high = (100 * row[key] for key in ("gain", "gain_low", "gain_high"))
    return (
        f"one network gains {gain:.1f} points ({low:.1f} to {high:.1f}) from "
        f"×{row['budget']:g} the epochs"
    )
