"""The column that sets Full Data with fewer networks beside every ensemble, in tables for people.

Open this module to change its words. The trap: these are means; the table ``fewer_networks`` of a
study has the paired difference and its interval.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from mnbench.evaluation.whole_networks import whole_networks_for
from mnbench.naming import networks_in_words

FULL_DATA_HEADING = "Full Data for no more FLOPs: networks, error %"


def full_data_cell(row: Mapping[Hashable, Any], estimates: pd.DataFrame) -> str:
    """Return the cell under :data:`FULL_DATA_HEADING`: "3 networks: 10.74".

    Args:
        row: of the ensemble whose FLOPs are spent.
        estimates: of its data set and architecture set, every size.

    Returns:
        "" where these are the ensemble itself, under whatever name; where the first network costs
        more; where the study has fewer than might be paid for; and where one of the two lacks a
        seed, since the means may then be of other seeds.
    """
    rival = whole_networks_for(estimates, row["training_flops"])
    if rival is None or _is_all_of_full_data(row):
        return ""
    if {rival["seeds"], row["seeds"]} != {estimates["seeds"].max()}:
        return ""
    return f"{networks_in_words(rival['approach'], rival['size'])}: {100 * rival['test_error']:.2f}"


def _is_all_of_full_data(row: Mapping[Hashable, Any]) -> bool:
    """Return whether an ensemble is Full Data's, or MotherNets' with a cluster a network."""
    named = row["approach"] == "full_data" or (pd.notna(row["g"]) and row["g"] == row["size"])
    return bool(named and row["budget"] == 1 and row["variant"] == "")
