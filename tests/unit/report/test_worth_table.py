"""The table of a run: plain budgets, each point once, beside what Full Data would pay or err."""

from math import nan

import pandas as pd

from mnbench.report.worth_table import worth_table


def measured(approach, flops, error, *, g=None, size=5, budget=1.0, variant="", alone=False):
    row = {"approach": approach, "g": g, "size": size, "budget": budget, "variant": variant}
    row |= {"architecture_set": "v5-small"}
    values = {
        "test_error": error,
        "mean_member_error": error + 0.02,
        "disagreement": nan if alone else 0.08,
    }
    for name, value in values.items():
        row |= {name: value, f"{name}_low": value - 0.01, f"{name}_high": value + 0.01}
    row |= {"combination": "average", "seeds": 3, "full_size": approach != "full_data" or size == 5}
    return row | {"training_flops": flops, "evaluated_on": "test"}


def compared(approach, speed_up, gain, *, g=None, cost="training_flops", against_variant=""):
    low, high = speed_up - 0.5, speed_up + 0.5
    return {
        **{"approach": approach, "g": g, "size": 5, "budget": 1.0, "variant": "", "cost": cost},
        **{"against": "full_data", "against_variant": against_variant},
        **{"speed_up": speed_up, "speed_up_low": low, "speed_up_high": high},
        **{"error_gain": gain, "error_gain_low": gain - 0.01, "error_gain_high": gain + 0.01},
    }


def frame(rows):
    return pd.DataFrame(rows).astype({"g": "Int64"})


def test_a_row_each_approach_with_what_full_data_would_pay_and_err():
    estimates = frame(
        [
            *(measured("full_data", m * 8e11, 0.15 - m / 100, size=m) for m in (1, 2, 3, 5)),
            measured("full_data", 2e12, 0.11, budget=0.5),
            measured("mothernets", 2e12, 0.11, g=1),
            measured("mothernets", 1e12, 0.12, g=1, variant="hatched epochs x 0.5"),
            measured("mothernets", 1e12, 0.11, g=1, variant="improved"),
            measured("mothernets", 4e12, 0.10, g=5),
            measured("single_network", 5e11, 0.12, size=1, alone=True),
        ]
    )
    equal_error = frame(
        [
            compared("mothernets", 1.5, 0.01, g=1),
            compared("mothernets", 9.0, 0.5, g=1, cost="cpu_seconds"),
            compared("mothernets", 9.0, 0.5, g=1, against_variant="best"),
            compared("single_network", nan, nan),
        ]
    )
    head, _, *lines = worth_table(estimates, equal_error).splitlines()
    assert head.startswith("| approach | networks | test error % |")
    assert lines == [
        "| One network alone | 1 | 12.00 (11.00 to 13.00) | 14.0 (13.0 to 15.0) |  | 0.50 "
        "| not reached | not reached |  |",
        "| MotherNets, g = 1, improved | 5 | 11.00 (10.00 to 12.00) | 13.0 (12.0 to 14.0) "
        "| 8.0 (7.0 to 9.0) | 1.00 |  |  | 1 network: 14.00 |",
        "| MotherNets, g = 1 | 5 | 11.00 (10.00 to 12.00) | 13.0 (12.0 to 14.0) "
        "| 8.0 (7.0 to 9.0) | 2.00 | 1.50 (1.00 to 2.00) | +1.00 (+0.00 to +2.00) "
        "| 2 networks: 13.00 |",
        "| Full Data | 5 | 10.00 (9.00 to 11.00) | 12.0 (11.0 to 13.0) | 8.0 (7.0 to 9.0) "
        "| 4.00 |  |  |  |",
    ]
