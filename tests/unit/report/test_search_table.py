"""The table of a search: every variant at every multiple, the best of each marked."""

import pandas as pd

from mnbench.report.search_table import search_table


def row(variant, error, flops, budget=1.0):
    return {
        "evaluated_on": "development",
        "variant": variant,
        "budget": budget,
        "test_error": error,
        "training_flops": flops,
    }


def test_a_row_a_variant_and_a_column_a_multiple():
    table = search_table(
        pd.DataFrame(
            [
                row("hatched epochs x 0.5", 0.11, 9e11),
                row("", 0.107, 1.5e12),
                row("trunk, hatched epochs x 0.5", 0.105, 9e11),
                row("trunk", 0.108, 1.5e12),
                row("head", 0.109, 1.5e12),
            ]
        )
    )
    assert table.splitlines() == [
        "| variant | development error %, epochs x 0.5 | development error %, epochs x 1 |",
        "|---|--:|--:|",
        "| as in the default study | 11.00 (0.90) | **10.70** (1.50) |",
        "| trunk | **10.50** (0.90) | 10.80 (1.50) |",
        "| head |  | 10.90 (1.50) |",
    ]


def test_budgets_are_multiples_too():
    rows = [row("", 0.12, 9e11, 0.3), row("", 0.11, 1.5e12, 0.5), row("stable", 0.1, 1.5e12, 0.5)]
    assert search_table(pd.DataFrame(rows)).splitlines() == [
        "| variant | development error %, epochs x 0.3 | development error %, epochs x 0.5 |",
        "|---|--:|--:|",
        "| as in the default study | **12.00** (0.90) | 11.00 (1.50) |",
        "| stable |  | **10.00** (1.50) |",
    ]
