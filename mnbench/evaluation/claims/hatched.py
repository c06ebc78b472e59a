"""Quantities of hatched networks: what hatching changes, what noise costs, how soon they converge.

Open this module to test a claim about hatching itself. The trap: a training that a cap ended gives
a bound, since it would have gone on.
"""

import numpy as np
import pandas as pd

from mnbench.evaluation.bootstrap import interval
from mnbench.evaluation.claims.evidence import Evidence, Measurement, Untested


def largest_hatching_difference(evidence: Evidence) -> Measurement | Untested:
    """Return the largest relative change of logits by hatching, before the noise, in float32."""
    if not evidence.hatching:
        return Untested("no hatched network")
    return Measurement.exact(max(evidence.hatching.values()), evidence.hatching)


def error_by_noise(evidence: Evidence) -> Measurement | Untested:
    """Return the validation error that the noise adds to hatched networks, on average.

    The ends are the least and the most that it adds to any of them, no interval.
    """
    rows = evidence.networks.dropna(subset=["error_before_noise", "error_after_noise"])
    if rows.empty:
        return Untested("no hatched network that notes its error")
    added = rows["error_after_noise"] - rows["error_before_noise"]
    records = tuple(map(str, rows["record"]))
    return Measurement(float(added.mean()), float(added.min()), float(added.max()), records)


def epochs_of_hatched_to_scratch(evidence: Evidence) -> Measurement | Untested:
    """Return the epochs to convergence of hatched networks as a multiple of those from scratch.

    Both are sums over the networks that were trained in both ways, on seeds that have all of them.
    A fixed number of epochs says nothing. A training that ``max_epochs`` ended gives a bound: it
    would have taken longer.
    """
    rows = evidence.networks[evidence.networks["ended"].isin(["rule", "cap"])]
    hatched = rows[(rows["approach"] == "mothernets") & (rows["role"] == "member")]
    scratch = rows[rows["approach"] == "full_data"]
    both = sorted(set(hatched["networks"]) & set(scratch["networks"]))
    if not both:
        return Untested("no network was trained to convergence both hatched and from scratch")
    epochs = [_epochs(part[part["networks"].isin(both)]) for part in (hatched, scratch)]
    seeds = [seed for seed in epochs[0].index if seed in epochs[1].index]
    if not seeds:
        return Untested("no seed has all networks trained in both ways")
    ratios = (epochs[0] / epochs[1]).loc[seeds].to_numpy(float)
    replicates = evidence.points[0].bootstrap.over_seeds(seeds, np.log(ratios))
    low, high = interval(np.exp(replicates))
    low = 0.0 if (scratch["ended"] == "cap").any() else low
    high = np.inf if (hatched["ended"] == "cap").any() else high
    records = tuple(map(str, [*hatched["record"], *scratch["record"]]))
    value = float(np.exp(np.log(ratios).mean()))
    return Measurement(value, low, high, records, seeds=len(seeds))


def _epochs(rows: pd.DataFrame) -> pd.Series:
    """Return the epochs of all networks together, by the seeds that have them all."""
    by_seed = rows.groupby(["seed", "networks"])["epochs"].mean().unstack()
    return by_seed.dropna().sum(axis=1)
